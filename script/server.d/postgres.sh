# The demo's private PostgreSQL cluster: own folder, own port, loopback with passwords. Sourced by script/server.
# PostgreSQL refuses to run as root: then it runs as the user postgres, who must be able to reach its folder.
pg_bin=/usr/lib/postgresql/15/bin
pg_port=
edge_port=

load_settings() {
  [ ! -f "$home/settings" ] || source "$home/settings"
  endpoint=http://127.0.0.1:${edge_port:-8080}
}

save_settings() { printf 'pg_port=%s\nedge_port=%s\n' "$pg_port" "$edge_port" >"$home/settings"; }

port_is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
free_port() {
  local port=$1
  until port_is_free "$port"; do port=$((port + 1)); done
  printf '%s' "$port"
}

# As the user that owns the cluster.
as_postgres() {
  if [ "$(id -u)" = 0 ]; then
    (cd / && exec setpriv --reuid=postgres --regid=postgres --init-groups env -u HOME LC_ALL=C.UTF-8 "$@")
  else
    "$@"
  fi
}

# The folder of the cluster: in .server/ where its user can reach it, else in the system's lasting temporary folder.
postgres_folder() {
  if [ -e "$home/postgres" ]; then
    readlink -f "$home/postgres"
    return
  fi
  if [ "$(id -u)" = 0 ]; then
    if ! as_postgres test -x "$home"; then
      local far
      far=/var/tmp/plumbline-$(printf '%s' "$root" | sha256sum | cut -c1-12)
      mkdir -p "$far"
      chown postgres:postgres "$far"
      ln -sfn "$far" "$home/postgres"
      readlink -f "$home/postgres"
      return
    fi
    install -d -o postgres -g postgres -m 700 "$home/postgres"
  else
    install -d -m 700 "$home/postgres"
  fi
  printf '%s' "$home/postgres"
}

postgres_running() { [ -e "$home/postgres/data" ] && as_postgres "$pg_bin/pg_ctl" -D "$(postgres_folder)/data" status >/dev/null 2>&1; }

new_password() { openssl rand -hex 24; }

postgres_make() {
  local folder=$1
  say "make a private PostgreSQL cluster"
  (
    umask 077
    new_password >"$home/postgres-superuser.password"
    new_password >"$home/postgres.password"
  )
  local pwfile=$folder/initial.password
  as_postgres install -m 600 /dev/null "$pwfile"
  cat "$home/postgres-superuser.password" >"$pwfile"
  as_postgres rm -rf "$folder/data"
  with_log "$home/log/initdb.log" "delete .server and try again" \
    as_postgres "$pg_bin/initdb" -D "$folder/data" -U postgres --pwfile="$pwfile" -A scram-sha-256 -E UTF8 --locale=C.UTF-8 --no-instructions
  rm -f "$pwfile"
}

superuser_psql() {
  PGPASSWORD=$(cat "$home/postgres-superuser.password") psql -X -q -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$pg_port" -U postgres "$@"
}

postgres_start_on() {
  save_settings
  say "start PostgreSQL on port $1"
  as_postgres "$pg_bin/pg_ctl" -D "$2/data" -l "$2/log" -w -t 60 start \
    -o "-p $1 -c listen_addresses=127.0.0.1 -c unix_socket_directories=''" >/dev/null 2>&1 </dev/null
}

postgres_start() {
  load_settings
  [ -x "$pg_bin/initdb" ] || fail "PostgreSQL 15 is missing" "script/bootstrap installs it"
  local folder
  folder=$(postgres_folder)
  [ -f "$home/postgres.made" ] || postgres_make "$folder"
  if ! postgres_running; then
    # Below the ports that outgoing connections take: one of those has no listener, and yet can't be bound.
    if [ -z "$pg_port" ] || ! port_is_free "$pg_port"; then pg_port=$(free_port 25432); fi
    as_postgres touch "$folder/log"
    local tries=5
    until postgres_start_on "$pg_port" "$folder"; do
      tries=$((tries - 1))
      if [ "$tries" = 0 ] || ! tail -n 20 "$folder/log" | grep -q 'Address already in use'; then
        tail -n 20 "$folder/log" >&2
        fail "PostgreSQL did not start" "its log is above; script/server wipe starts afresh"
      fi
      pg_port=$(free_port $((pg_port + 1)))
    done
  fi
  ln -sfn "$folder/log" "$home/log/postgres.log"
  if [ ! -f "$home/postgres.made" ]; then
    # No superuser: the roles of the schema are made by `plumbline migrate`, which may create roles.
    superuser_psql -d postgres -c "CREATE ROLE plumbline LOGIN CREATEROLE PASSWORD '$(cat "$home/postgres.password")'" \
      -c 'CREATE DATABASE plumbline OWNER plumbline'
    touch "$home/postgres.made"
  fi
}

postgres_stop() {
  load_settings
  if postgres_running; then
    say "stop PostgreSQL"
    as_postgres "$pg_bin/pg_ctl" -D "$(postgres_folder)/data" -m fast -w -t 60 stop >/dev/null || fail "PostgreSQL did not stop" "see .server/log/postgres.log"
  fi
}

postgres_wipe() {
  local folder
  [ -e "$home/postgres" ] || return 0
  folder=$(readlink -f "$home/postgres")
  rm -rf "$folder"
}
