# `plumbline up` in the background, ended by its own process id only. Sourced by script/server.

# Field 22 of /proc/PID/stat: when the process started. With it a recycled id is never taken for ours.
started_at() { sed 's/^.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }

plumbline_pid() { cut -d' ' -f1 "$home/plumbline.pid" 2>/dev/null || true; }

plumbline_running() {
  local pid start
  [ -f "$home/plumbline.pid" ] || return 1
  read -r pid start <"$home/plumbline.pid"
  [ -n "$start" ] && [ "$(started_at "$pid")" = "$start" ]
}

plumbline_configure() {
  [ -n "$edge_port" ] && port_is_free "$edge_port" || edge_port=$(free_port 8080)
  local unsubscribe_port console_port
  unsubscribe_port=$(free_port $((edge_port + 1)))
  console_port=$(free_port $((unsubscribe_port + 1)))
  save_settings
  load_settings
  [ -s "$home/master.key" ] || (umask 077 && openssl rand -base64 32 >"$home/master.key")
  (
    umask 077
    cat >"$home/plumbline.toml" <<TOML
# Made by script/server at each start. Every option: docs/configuration.md
log = "embedded"

[embedded]
dir = "$home/log-data"

[edge]
listen = "127.0.0.1:$edge_port"

[postgres]
url = "host=127.0.0.1 port=$pg_port dbname=plumbline user=plumbline"
password_file = "$home/postgres.password"

[keys]
master_key_file = "$home/master.key"

# The demo's documents are older than a day, and its receivers are on this machine.
[drift]
notify_age_max = "3660d"

[notify]
listen = "127.0.0.1:$unsubscribe_port"
public_url = "http://127.0.0.1:$unsubscribe_port"
slack_api_url = "http://127.0.0.1:$slack_port/api"
allow_cidrs = "127.0.0.0/8"
age_max = "30d"

[console]
listen = "127.0.0.1:$console_port"

[smtp]
url = "smtp://127.0.0.1:$mail_port"
tls = "none"
TOML
  )
}

plumbline() { "$bin/plumbline" "$@" --config "$home/plumbline.toml"; }

plumbline_start() {
  load_settings
  local new=$bin/plumbline
  if plumbline_running && [ "$new" -nt "$home/plumbline.pid" ]; then
    say "plumbline was built anew since it started"
    plumbline_stop
  fi
  if plumbline_running && ! grep -q "127.0.0.1:$slack_port/api" "$home/plumbline.toml"; then
    say "the demo's receivers are on other ports than before"
    plumbline_stop
  fi
  if ! plumbline_running; then
    plumbline_configure
    say "bring the database's schema up to date"
    with_log "$home/log/migrate.log" "script/server wipe starts afresh" plumbline migrate
    say "start plumbline on port $edge_port"
    printf -- '--- %s\n' "$(date -u +%FT%TZ)" >>"$home/log/plumbline.log"
    setsid "$bin/plumbline" up --config "$home/plumbline.toml" >>"$home/log/plumbline.log" 2>&1 </dev/null &
    printf '%s %s\n' $! "$(started_at $!)" >"$home/plumbline.pid"
  fi
  plumbline_wait_ready
}

plumbline_wait_ready() {
  local tries
  for tries in $(seq 300); do
    curl -fsS -o /dev/null --noproxy '*' "$endpoint/readyz" 2>/dev/null && return 0
    plumbline_running || break
    sleep 0.1
  done
  tail -n 20 "$home/log/plumbline.log" >&2
  fail "plumbline is not ready" "its log is above: .server/log/plumbline.log" "what /readyz says: $(curl -sS --noproxy '*' "$endpoint/readyz" 2>&1 | head -c 500)"
}

plumbline_stop() {
  plumbline_running || return 0
  say "stop plumbline (it drains first)"
  local pid tries
  pid=$(plumbline_pid)
  kill -TERM "$pid"
  for tries in $(seq 300); do
    if ! plumbline_running; then
      rm -f "$home/plumbline.pid"
      return 0
    fi
    sleep 0.1
  done
  fail "plumbline (process $pid) has not ended within 30 s" "see .server/log/plumbline.log"
}
