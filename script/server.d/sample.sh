# The sample: 20 reports and 371 decision traces of real clients (tests/data/real), pushed as a user would. Sourced by
# script/server.
sample_traces=391

# The demo tenant's rows as an analyst sees them: row-level security lets nothing else through.
demo_psql() {
  local tenant=
  [ ! -f "$home/demo.tenant" ] || tenant=$(cat "$home/demo.tenant")
  PGPASSWORD=$(cat "$home/postgres.password") PGOPTIONS="-c role=plumbline_analyst -c plumbline.tenant=$tenant -c search_path=plumbline" \
    psql -X -h 127.0.0.1 -p "$pg_port" -U plumbline -d plumbline "$@"
}

value() { demo_psql -At -c "$1"; }

sample_tenant() {
  if [ -s "$home/demo.env" ] && [ -s "$home/demo.tenant" ]; then return; fi
  say "create the tenant demo and its signing key"
  local made id secret
  if ! plumbline tenant show demo >"$home/log/tenant.log" 2>&1; then
    plumbline tenant create demo --name Demo --retention-days 3660 >"$home/log/tenant.log" 2>&1 ||
      fail "the tenant demo could not be made: $(tail -n 3 "$home/log/tenant.log")"
  fi
  grep -oE '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}' "$home/log/tenant.log" | head -n 1 >"$home/demo.tenant"
  made=$(plumbline key create demo 2>"$home/log/key.log") || fail "the key could not be made: $(tail -n 3 "$home/log/key.log")"
  id=$(grep -oE 'key_[A-Za-z0-9_-]+' <<<"$made" | head -n 1)
  secret=$(grep -oE 'whsec_[A-Za-z0-9+/=]+' <<<"$made" | head -n 1)
  [ -n "$id" ] && [ -n "$secret" ] || fail "plumbline key create gave no key"
  (umask 077 && printf 'PLUMBLINE_KEY_ID=%s\nPLUMBLINE_SECRET=%s\n' "$id" "$secret" >"$home/demo.key")
}

# The endpoint's port may be another one after a restart; the key stays.
sample_environment() {
  (umask 077 && { printf 'PLUMBLINE_ENDPOINT=%s\n' "$endpoint"; cat "$home/demo.key"; } >"$home/demo.env")
}

# Where drifts are told: a Slack channel and a mailbox of the demo's own receivers.
sample_routes() {
  (umask 077 && printf 'xoxb-fake' >"$home/slack.token")
  local known
  known=$(plumbline route ls demo 2>&1 || true)
  grep -qw team <<<"$known" || plumbline route add demo team --kind slack_app --to C0DEMO --secret-file "$home/slack.token" --admin \
    >"$home/log/route.log" 2>&1 || fail "the Slack route could not be made: $(tail -n 3 "$home/log/route.log")"
  grep -qw inbox <<<"$known" || plumbline route add demo inbox --kind email --to team@demo.example >"$home/log/route.log" 2>&1 ||
    fail "the mail route could not be made: $(tail -n 3 "$home/log/route.log")"
}

# The sample's documents are of November 2026: moved so that the newest is now, by the same amount at every push.
sample_shift() {
  [ -s "$home/shift" ] || printf '%s' $(($(date +%s) - $(date -d 2026-11-10T09:05:00Z +%s))) >"$home/shift"
  cat "$home/shift"
}

ledger_value() { value "SELECT coalesce(sum($1), 0) FROM ledger_balance"; }

# A key reaches the edge through the outbox within a second or so: until then its requests are answered 401.
push_until_known() {
  local tries
  for tries in $(seq 20); do
    (
      set -a
      . "$home/demo.env"
      XDG_STATE_HOME=$home/state no_proxy='*' exec "$bin/plumb" push --time-shift-s "$(sample_shift)" tests/data/real </dev/null
    ) >"$home/log/push.log" 2>&1 && return 0
    grep -qE '401|unauthori|unknown.key' "$home/log/push.log" || return 1
    sleep 0.5
  done
  return 1
}

sample_push() {
  sample_tenant
  sample_environment
  sample_routes
  local before tries
  before=$(ledger_value accepted)
  say "push the sample with plumb (signed, metadata only)"
  push_until_known || { tail -n 20 "$home/log/push.log" >&2; fail "the push failed" "see .server/log/push.log and .server/log/plumbline.log"; }
  tail -n 4 "$home/log/push.log" | sed 's/^/    /'
  for tries in $(seq 240); do
    [ "$(value "SELECT coalesce(sum(accepted), 0) >= $((before + sample_traces)) AND coalesce(bool_and(balanced), false) FROM ledger_balance")" = t ] && break
    sleep 0.25
  done
  if [ "$tries" -lt 240 ]; then
    sample_wait "SELECT count(*) >= 2 FROM drifts WHERE state = 'resolved'" "drift has not found the sample's two drifts" "plumbline drift ls"
    sample_wait "SELECT count(*) >= 8 FROM notify_deliveries WHERE state = 'delivered'" "the drifts have not reached the demo's Slack and mail" "plumbline route log demo team"
    return 0
  fi
  plumbline ledger --tenant demo >&2 || true
  tail -n 20 "$home/log/plumbline.log" >&2
  fail "the sample was accepted, but is not in PostgreSQL after 60 s" "the ledger and the log's end are above"
}

# A condition in SQL that the consumers bring about within a minute.
sample_wait() {
  local tries
  for tries in $(seq 240); do
    [ "$(value "$1")" = t ] && return 0
    sleep 0.25
  done
  tail -n 20 "$home/log/plumbline.log" >&2
  fail "$2 after 60 s" "$3 says more; the log's end is above"
}

sample_show() {
  say "what is in PostgreSQL now"
  demo_psql -q -P footer=off -c "SELECT
      (SELECT count(*) FROM reports) AS reports, (SELECT count(*) FROM violations) AS violations,
      (SELECT count(*) FROM traces WHERE kind = 'decision') AS decisions, (SELECT count(*) FROM dead_letters) AS dead_letters"
  say "reports by repository and status"
  demo_psql -q -P footer=off -c 'SELECT repo, status, count(*), min(score) AS score_min, max(score) AS score_max, max(time)::date AS latest
    FROM reports GROUP BY repo, status ORDER BY repo, status'
  say "hash chains of the agents' decisions (metadata only: links are checked here, contents were before they were sent)"
  demo_psql -q -P footer=off -c 'SELECT agent, entries, chains, gaps, breaks, forks, verdict FROM chain_verdicts ORDER BY agent'
  say "ledger: received = accepted + rejected + refused; appended = stored + duplicate + conflict + dead"
  demo_psql -q -P footer=off -c 'SELECT received, accepted, rejected, refused, appended, stored, duplicate, conflict, dead, in_flight, balanced FROM ledger_balance'
  say "organization health"
  plumbline health show --tenant demo | sed 's/^/    /'
  say "drifts: a repository that passed and then failed on a layer violation"
  plumbline drift ls --tenant demo | sed 's/^/    /'
  say "what the demo's Slack and mailbox got"
  note "$(python3 -c 'import json,sys; m=[json.loads(l) for l in open(sys.argv[1])]; print(len(m), "calls of Slack:", " | ".join(x["text"] for x in m[-4:]))' "$home/slack.jsonl")"
  note "$(ls "$home/mail" | wc -l) mails in .server/mail"
}
