# The other ends of the demo's notifications: a Slack and a mail server of this machine (tests/support/fakes), each ended by its own
# process id only. Debian's own Python runs them: python3-aiosmtpd is its package. Sourced by script/server.
slack_port=
mail_port=

receiver_running() {
  local pid start
  [ -f "$home/$1.pid" ] || return 1
  read -r pid start <"$home/$1.pid"
  [ -n "$start" ] && [ "$(started_at "$pid")" = "$start" ]
}

# NAME, script and its words: on a free port, which stays the same while it runs.
receiver_start() {
  local name=$1 script=$2 tries
  shift 2
  if ! receiver_running "$name"; then
    rm -f "$home/$name.port"
    setsid /usr/bin/python3 "tests/support/fakes/$script" --port 0 --port-file "$home/$name.port" "$@" >>"$home/log/$name.log" 2>&1 </dev/null &
    printf '%s %s\n' $! "$(started_at $!)" >"$home/$name.pid"
  fi
  for tries in $(seq 100); do
    [ ! -s "$home/$name.port" ] || return 0
    receiver_running "$name" || break
    sleep 0.1
  done
  tail -n 5 "$home/log/$name.log" >&2
  fail "the demo's $name receiver did not start" "its log is above: .server/log/$name.log"
}

receivers_start() {
  say "start a Slack and a mail server for the demo (loopback)"
  receiver_start slack slack.py --out "$home/slack.jsonl"
  receiver_start mail mail.py --out "$home/mail"
  slack_port=$(cat "$home/slack.port")
  mail_port=$(cat "$home/mail.port")
}

receivers_stop() {
  local name
  for name in slack mail; do
    if receiver_running "$name"; then kill -TERM "$(cut -d' ' -f1 "$home/$name.pid")"; fi
    rm -f "$home/$name.pid"
  done
}
