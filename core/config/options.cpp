// The table. Bounds stand here with the option; defaults stand in config.h.
#include "core/config/options.h"

#include <algorithm>

#include "core/config/value.h"

namespace plumbline::config {
namespace {

using std::chrono::milliseconds;

// A captureless accessor as the pointer type that Member wants.
#define PLUMBLINE_MEMBER(type, path) \
  static_cast<type& (*)(Config&)>([](Config& c) -> type& { return c.path; })

using Strings = std::map<std::string, std::string>;

const std::vector<Option>& table() {
  static const std::vector<Option> options = {
      {"log", Choice{{"embedded", "kafka"}}, PLUMBLINE_MEMBER(std::string, log),
       "The message log: embedded (files of this machine) or kafka. The one line that changes the backend."},
      {"log_level", Choice{{"debug", "info", "warn", "error"}}, PLUMBLINE_MEMBER(std::string, log_level),
       "The least important line that is logged."},

      {"embedded.dir", Text{"data/log"}, PLUMBLINE_MEMBER(std::string, embedded.dir),
       "Folder of the embedded log: segments, the owner's lock and its socket. Relative to the working "
       "folder."},
      {"embedded.segment_bytes", Size{32 << 20, 4LL << 30},
       PLUMBLINE_MEMBER(std::int64_t, embedded.segment_bytes),
       "Size of one preallocated segment file. The largest record (16 MiB and its headers) must fit."},
      {"embedded.group_bytes_max", Size{64 << 10, 256 << 20},
       PLUMBLINE_MEMBER(std::int64_t, embedded.group_bytes_max),
       "Most bytes that one group commit writes before it syncs."},
      {"embedded.queue_bytes_max", Size{32 << 20, 4LL << 30},
       PLUMBLINE_MEMBER(std::int64_t, embedded.queue_bytes_max),
       "Bytes appended and not durable yet; above it appends are refused and the edge answers 503."},

      {"kafka.brokers", Text{"kafka1:9092,kafka2:9092"}, PLUMBLINE_MEMBER(std::string, kafka.brokers),
       "Brokers to start from, host:port with commas."},
      {"kafka.replication", Count{1, 9}, PLUMBLINE_MEMBER(std::int32_t, kafka.replication),
       "Replicas of a topic that Plumbline creates. 3 with min.insync.replicas=2 survives the loss of a "
       "machine."},
      {"kafka.producer", Choice{{"native", "librdkafka"}}, PLUMBLINE_MEMBER(std::string, kafka.producer),
       "Who speaks to the brokers when records are produced: Plumbline itself, at about half of the CPU, or "
       "librdkafka, which does so too wherever kafka.options is set (SASL, TLS). Reading is librdkafka's."},
      {"kafka.delivery_timeout", Duration{milliseconds(1000), milliseconds(900'000)},
       PLUMBLINE_MEMBER(milliseconds, kafka.delivery_timeout),
       "How long the producer retries a record before it counts as unconfirmed."},
      {"kafka.session_timeout", Duration{milliseconds(6000), milliseconds(300'000)},
       PLUMBLINE_MEMBER(milliseconds, kafka.session_timeout),
       "Silence after which the group takes a consumer's partitions away."},
      {"kafka.queue_bytes_max", Size{32 << 20, 2LL << 30},
       PLUMBLINE_MEMBER(std::int64_t, kafka.queue_bytes_max),
       "Bytes handed to the producer and not acknowledged; above it appends are refused and the edge answers "
       "503."},
      {std::string(kKafkaOptions), AnyKeys{}, PLUMBLINE_MEMBER(Strings, kafka.options),
       "A table of librdkafka's own options (SASL, TLS, tuning); KEY_file reads the value of KEY from a "
       "file."},

      {"topics.partitions", Count{1, 1024}, PLUMBLINE_MEMBER(std::int32_t, topics.partitions),
       "Partitions of traces.v1 and reports.v1: the most persist processes that share the work."},
      {"topics.retention", Duration{milliseconds(60'000), milliseconds(3660LL * 86'400'000)},
       PLUMBLINE_MEMBER(milliseconds, topics.retention),
       "Age at which the log may drop a record. Lag nearing it is an alarm."},
      {"topics.retention_bytes", Size{64 << 20, 1LL << 50, true},
       PLUMBLINE_MEMBER(std::int64_t, topics.retention_bytes),
       "Size of one partition at which its oldest records may go; -1: no bound."},

      {"edge.listen", ListenAddress{}, PLUMBLINE_MEMBER(std::string, edge.listen),
       "Address and port of the edge: traces, reports, /livez, /readyz, /metrics."},
      {"edge.threads", Count{0, 1024}, PLUMBLINE_MEMBER(std::int32_t, edge.threads),
       "Threads that serve requests; 0: one for every two cores, the log works on the others."},
      {"edge.tls_cert_file", Text{"tls/fullchain.pem"}, PLUMBLINE_MEMBER(std::string, edge.tls_cert_file),
       "Certificate chain as PEM; reloaded when the file changes. Goes with edge.tls_key_file."},
      {"edge.tls_key_file", Text{"tls/key.pem"}, PLUMBLINE_MEMBER(std::string, edge.tls_key_file),
       "Private key of the certificate as PEM. Goes with edge.tls_cert_file."},
      {"edge.header_timeout", Duration{milliseconds(100), milliseconds(300'000)},
       PLUMBLINE_MEMBER(milliseconds, edge.header_timeout),
       "Time a client has to send a request's headers, then 408."},
      {"edge.idle_timeout", Duration{milliseconds(1000), milliseconds(3'600'000)},
       PLUMBLINE_MEMBER(milliseconds, edge.idle_timeout),
       "Time a kept-alive connection may rest between requests."},
      {"edge.body_bytes_s_min", Size{1, 1 << 30}, PLUMBLINE_MEMBER(std::int64_t, edge.body_bytes_s_min),
       "Bytes a second that a body must bring on average; slower clients get 408."},
      {"edge.ack_wait_max", Duration{milliseconds(50), milliseconds(300'000)},
       PLUMBLINE_MEMBER(milliseconds, edge.ack_wait_max),
       "Longest wait for the log's acknowledgement, then 503: the client sends again."},
      {"edge.connections_max", Count{1, 1'000'000}, PLUMBLINE_MEMBER(std::int32_t, edge.connections_max),
       "Connections open at once; above it new ones are closed. The process needs as many file descriptors."},
      {"edge.inflight_bytes_max", Size{16 << 20, 64LL << 30},
       PLUMBLINE_MEMBER(std::int64_t, edge.inflight_bytes_max),
       "Bytes of bodies admitted and not answered; above it 503 before the body is read."},
      {"edge.drain_timeout", Duration{milliseconds(0), milliseconds(600'000)},
       PLUMBLINE_MEMBER(milliseconds, edge.drain_timeout),
       "After SIGTERM: time to answer what was admitted."},
      {"edge.outcomes_interval", Duration{milliseconds(50), milliseconds(600'000)},
       PLUMBLINE_MEMBER(milliseconds, edge.outcomes_interval),
       "How often the edge publishes its counts for the ledger."},

      {"persist.threads", Count{1, 64}, PLUMBLINE_MEMBER(std::int32_t, persist.threads),
       "Threads that share the partitions, each with a PostgreSQL connection and a batch of its own."},
      {"persist.batch_records_max", Count{1, 1'000'000},
       PLUMBLINE_MEMBER(std::int32_t, persist.batch_records_max), "Most traces of one transaction."},
      {"persist.batch_bytes_max", Size{1 << 20, 1LL << 30},
       PLUMBLINE_MEMBER(std::int64_t, persist.batch_bytes_max), "Most bytes of one transaction."},
      {"persist.poll_wait", Duration{milliseconds(1), milliseconds(60'000)},
       PLUMBLINE_MEMBER(milliseconds, persist.poll_wait), "How long a poll waits for the first record."},
      {"persist.backoff_max", Duration{milliseconds(10), milliseconds(600'000)},
       PLUMBLINE_MEMBER(milliseconds, persist.backoff_max),
       "Longest pause between tries while PostgreSQL is down."},
      {"persist.retention_interval", Duration{milliseconds(0), milliseconds(86'400'000)},
       PLUMBLINE_MEMBER(milliseconds, persist.retention_interval),
       "How often rows older than their tenant's retention are removed; 0s: never."},
      {"persist.admin_listen", ListenAddress{}, PLUMBLINE_MEMBER(std::string, persist.admin_listen),
       "Address of /livez, /readyz and /metrics of a role without an edge."},

      {"health.threads", Count{1, 64}, PLUMBLINE_MEMBER(std::int32_t, health.threads),
       "Threads that share the partitions, each with a PostgreSQL connection and a batch of its own."},
      {"health.batch_records_max", Count{1, 1'000'000},
       PLUMBLINE_MEMBER(std::int32_t, health.batch_records_max), "Most traces of one transaction."},
      {"health.batch_bytes_max", Size{1 << 20, 1LL << 30},
       PLUMBLINE_MEMBER(std::int64_t, health.batch_bytes_max), "Most bytes of one transaction."},
      {"health.poll_wait", Duration{milliseconds(1), milliseconds(60'000)},
       PLUMBLINE_MEMBER(milliseconds, health.poll_wait), "How long a poll waits for the first record."},
      {"health.backoff_max", Duration{milliseconds(10), milliseconds(600'000)},
       PLUMBLINE_MEMBER(milliseconds, health.backoff_max),
       "Longest pause between tries while PostgreSQL is down."},
      {"health.admin_listen", ListenAddress{}, PLUMBLINE_MEMBER(std::string, health.admin_listen),
       "Address of /livez, /readyz and /metrics of the health role when it runs alone."},

      {"drift.threads", Count{1, 64}, PLUMBLINE_MEMBER(std::int32_t, drift.threads),
       "Threads that share the partitions, each with a PostgreSQL connection and a batch of its own."},
      {"drift.batch_records_max", Count{1, 1'000'000},
       PLUMBLINE_MEMBER(std::int32_t, drift.batch_records_max), "Most reports of one transaction."},
      {"drift.batch_bytes_max", Size{1 << 20, 1LL << 30},
       PLUMBLINE_MEMBER(std::int64_t, drift.batch_bytes_max), "Most bytes of one transaction."},
      {"drift.poll_wait", Duration{milliseconds(1), milliseconds(60'000)},
       PLUMBLINE_MEMBER(milliseconds, drift.poll_wait), "How long a poll waits for the first record."},
      {"drift.backoff_max", Duration{milliseconds(10), milliseconds(600'000)},
       PLUMBLINE_MEMBER(milliseconds, drift.backoff_max),
       "Longest pause between tries while PostgreSQL is down."},
      {"drift.admin_listen", ListenAddress{}, PLUMBLINE_MEMBER(std::string, drift.admin_listen),
       "Address of /livez, /readyz and /metrics of the drift role when it runs alone."},
      {"drift.flap_window", Duration{milliseconds(0), milliseconds(30LL * 86'400'000)},
       PLUMBLINE_MEMBER(milliseconds, drift.flap_window),
       "A drift that opens within this time after the last one of its branch was resolved joins that "
       "incident."},
      {"drift.notify_age_max", Duration{milliseconds(60'000), milliseconds(3660LL * 86'400'000)},
       PLUMBLINE_MEMBER(milliseconds, drift.notify_age_max),
       "Reports that are older than this when the edge receives them are recorded and raise no alarm."},
      {"drift.history", Duration{milliseconds(86'400'000), milliseconds(3660LL * 86'400'000)},
       PLUMBLINE_MEMBER(milliseconds, drift.history),
       "How far back a late report still changes the history of its branch; older ones are summed up."},
      {"drift.watch_interval", Duration{milliseconds(100), milliseconds(86'400'000)},
       PLUMBLINE_MEMBER(milliseconds, drift.watch_interval),
       "How often drift looks for repositories and agents that fell silent and for policies that changed."},
      {"drift.silence_min", Duration{milliseconds(60'000), milliseconds(3660LL * 86'400'000)},
       PLUMBLINE_MEMBER(milliseconds, drift.silence_min),
       "A repository or agent is silent after three times its usual gap between reports, but never earlier."},
      {"drift.silence_max", Duration{milliseconds(60'000), milliseconds(3660LL * 86'400'000)},
       PLUMBLINE_MEMBER(milliseconds, drift.silence_max), "And never later than this after its last report."},

      {"notify.poll_wait", Duration{milliseconds(1), milliseconds(60'000)},
       PLUMBLINE_MEMBER(milliseconds, notify.poll_wait), "How long a poll waits for the first record."},
      {"notify.backoff_max", Duration{milliseconds(10), milliseconds(600'000)},
       PLUMBLINE_MEMBER(milliseconds, notify.backoff_max),
       "Longest pause between tries while PostgreSQL is down."},
      {"notify.admin_listen", ListenAddress{}, PLUMBLINE_MEMBER(std::string, notify.admin_listen),
       "Address of /livez, /readyz and /metrics of the notify role when it runs alone."},
      {"notify.listen", ListenAddress{}, PLUMBLINE_MEMBER(std::string, notify.listen),
       "Address of the pages that end a mail subscription; served when notify.public_url is set."},
      {"notify.public_url", Text{"https://plumbline.example.com"},
       PLUMBLINE_MEMBER(std::string, notify.public_url),
       "How people reach notify.listen. Empty: mails carry no one-click unsubscribe (RFC 8058)."},
      {"notify.senders", Count{1, 256}, PLUMBLINE_MEMBER(std::int32_t, notify.senders),
       "Threads that send, one message at a time each."},
      {"notify.send_timeout", Duration{milliseconds(100), milliseconds(300'000)},
       PLUMBLINE_MEMBER(milliseconds, notify.send_timeout),
       "Longest attempt to send one message. A sender that dies is replaced two seconds after this."},
      {"notify.retry_first", Duration{milliseconds(10), milliseconds(60'000)},
       PLUMBLINE_MEMBER(milliseconds, notify.retry_first),
       "Pause after a first failed attempt; doubled with each further one, less up to half at random."},
      {"notify.retry_max", Duration{milliseconds(100), milliseconds(86'400'000)},
       PLUMBLINE_MEMBER(milliseconds, notify.retry_max),
       "Longest pause between attempts, unless the other side asks for a longer one (Retry-After)."},
      {"notify.age_max", Duration{milliseconds(60'000), milliseconds(30LL * 86'400'000)},
       PLUMBLINE_MEMBER(milliseconds, notify.age_max),
       "Age at which a delivery is given up (failed), and an event first read is not sent any more "
       "(skipped)."},
      {"notify.disable_after", Duration{milliseconds(60'000), milliseconds(30LL * 86'400'000)},
       PLUMBLINE_MEMBER(milliseconds, notify.disable_after),
       "A route that only failed for this long, ten attempts at least, is disabled and its admins are told."},
      {"notify.slack_interval", Duration{milliseconds(0), milliseconds(60'000)},
       PLUMBLINE_MEMBER(milliseconds, notify.slack_interval),
       "Least time between two messages to one Slack channel; Slack takes one a second."},
      {"notify.allow_hosts", Text{"mattermost.internal,hooks.lan"},
       PLUMBLINE_MEMBER(std::string, notify.allow_hosts),
       "Hosts, with commas, that routes may reach though their addresses are private."},
      {"notify.allow_cidrs", Text{"10.1.0.0/16,fd00::/8"}, PLUMBLINE_MEMBER(std::string, notify.allow_cidrs),
       "Address ranges, with commas, that routes may reach though they are private."},
      {"notify.slack_api_url", Text{"https://slack.com/api"},
       PLUMBLINE_MEMBER(std::string, notify.slack_api_url),
       "Where routes of kind slack_app call chat.postMessage and chat.update."},
      {"smtp.url", Text{"smtp://relay.example.com:587"}, PLUMBLINE_MEMBER(std::string, notify.smtp.url),
       "Relay that mail leaves by: smtp:// (STARTTLS) or smtps://. Empty: routes of kind email can't send."},
      {"smtp.user", Text{"plumbline"}, PLUMBLINE_MEMBER(std::string, notify.smtp.user),
       "User at the relay; empty: none is needed."},
      {"smtp.password_file", SecretFile{}, PLUMBLINE_MEMBER(Secret, notify.smtp.password),
       "File with that user's password; mode 0600 or 0640."},
      {"smtp.from", Text{"Plumbline <plumbline@example.com>"},
       PLUMBLINE_MEMBER(std::string, notify.smtp.from), "Sender of the mails."},
      {"smtp.tls", Choice{{"required", "opportunistic", "none"}},
       PLUMBLINE_MEMBER(std::string, notify.smtp.tls),
       "required: no mail without TLS; opportunistic: TLS where the relay offers it; none."},
      {"smtp.ca_file", Text{"tls/ca.pem"}, PLUMBLINE_MEMBER(std::string, notify.smtp.ca_file),
       "Certificates that the relay's is checked against, as PEM; empty: the system's."},

      {"console.listen", ListenAddress{}, PLUMBLINE_MEMBER(std::string, console.listen),
       "Address and port of the console: its pages, their API, /livez, /readyz, /metrics."},
      {"console.public_url", Text{"https://plumbline.example.com"},
       PLUMBLINE_MEMBER(std::string, console.public_url),
       "How browsers reach console.listen, without a path. Empty: http:// and console.listen. Plain http "
       "only "
       "on loopback."},
      {"console.edge_url", Text{"https://ingest.plumbline.example.com"},
       PLUMBLINE_MEMBER(std::string, console.edge_url),
       "How clients reach the edge, without a path: `plumb auth login` keeps it beside the key. Empty: "
       "edge.listen where that is loopback, else clients must name it."},
      {"console.tls_cert_file", Text{"tls/fullchain.pem"},
       PLUMBLINE_MEMBER(std::string, console.tls_cert_file),
       "Certificate chain as PEM, where no proxy in front does TLS. Goes with console.tls_key_file."},
      {"console.tls_key_file", Text{"tls/key.pem"}, PLUMBLINE_MEMBER(std::string, console.tls_key_file),
       "Private key of the certificate as PEM. Goes with console.tls_cert_file."},
      {"console.connections", Count{1, 64}, PLUMBLINE_MEMBER(std::int32_t, console.connections),
       "Threads that ask PostgreSQL, each with a connection to read and one to manage people, keys and "
       "routes."},
      {"console.access_ttl", Duration{milliseconds(1000), milliseconds(900'000)},
       PLUMBLINE_MEMBER(milliseconds, console.access_ttl),
       "Life of an access token; the page renews it by itself."},
      {"console.session_ttl", Duration{milliseconds(60'000), milliseconds(365LL * 86'400'000)},
       PLUMBLINE_MEMBER(milliseconds, console.session_ttl),
       "After this long one must sign in again, whatever one does."},
      {"console.refresh_grace", Duration{milliseconds(0), milliseconds(60'000)},
       PLUMBLINE_MEMBER(milliseconds, console.refresh_grace),
       "A refresh token used again within this time is another tab; later it is theft and ends the session."},
      {"console.proxy_header", Text{"X-Forwarded-For"}, PLUMBLINE_MEMBER(std::string, console.proxy_header),
       "Field in which the proxy in front names the client, last in its list; for limits of attempts. Empty: "
       "there is no proxy."},
      {"console.oidc_issuer", Text{"https://login.example.com/realms/team"},
       PLUMBLINE_MEMBER(std::string, console.oidc_issuer),
       "Sign in with this OpenID Connect issuer: its URL, exactly as it names itself. Redirect URI to "
       "register: "
       "public_url/auth/oidc/callback."},
      {"console.oidc_client_id", Text{"plumbline"}, PLUMBLINE_MEMBER(std::string, console.oidc.client_id),
       "Client id that the issuer gave."},
      {"console.oidc_client_secret_file", SecretFile{}, PLUMBLINE_MEMBER(Secret, console.oidc.client_secret),
       "File with the client's secret; mode 0600 or 0640. Without it: a public client with PKCE only."},
      {"console.oidc_name", Text{"Example SSO"}, PLUMBLINE_MEMBER(std::string, console.oidc_name),
       "What the button to sign in says."},
      {"console.oidc_emails", Choice{{"verified", "all"}}, PLUMBLINE_MEMBER(std::string, console.oidc_emails),
       "Which of the issuer's mail addresses may take an invitation: those it says it verified, or all, for "
       "an "
       "issuer that says nothing and lets nobody choose."},
      {"console.google_client_id", Text{"123.apps.googleusercontent.com"},
       PLUMBLINE_MEMBER(std::string, console.google.client_id),
       "Sign in with Google: the client id. Redirect URI to register: public_url/auth/google/callback."},
      {"console.google_client_secret_file", SecretFile{},
       PLUMBLINE_MEMBER(Secret, console.google.client_secret),
       "File with that client's secret; mode 0600 or 0640."},
      {"console.github_client_id", Text{"Iv1.0123456789abcdef"},
       PLUMBLINE_MEMBER(std::string, console.github.client_id),
       "Sign in with GitHub: the client id. Callback URL to register: public_url/auth/github/callback."},
      {"console.github_client_secret_file", SecretFile{},
       PLUMBLINE_MEMBER(Secret, console.github.client_secret),
       "File with that client's secret; mode 0600 or 0640."},
      {"console.github_url", Text{"https://github.example.com"},
       PLUMBLINE_MEMBER(std::string, console.github_url), "GitHub, or a GitHub Enterprise server."},
      {"console.github_api_url", Text{"https://github.example.com/api/v3"},
       PLUMBLINE_MEMBER(std::string, console.github_api_url), "Its API."},

      {"postgres.url", Text{"host=db dbname=plumbline user=plumbline sslmode=verify-full"},
       PLUMBLINE_MEMBER(std::string, postgres.url),
       "libpq connection string or URI, without the password; TLS by sslmode and sslrootcert."},
      {"postgres.password_file", SecretFile{}, PLUMBLINE_MEMBER(Secret, postgres.password),
       "File with the password; mode 0600 or 0640."},
      {"keys.master_key_file", SecretFile{}, PLUMBLINE_MEMBER(Secret, keys.master_key),
       "File with the master key that seals secrets: 32 bytes as base64, mode 0600 or 0640. A new key goes "
       "on a line before the old."},
  };
  return options;
}

#undef PLUMBLINE_MEMBER

}  // namespace

std::span<const Option> options() {
  return table();
}

const Option* find_option(std::string_view name) {
  const auto found =
      std::find_if(table().begin(), table().end(), [name](const Option& o) { return o.name == name; });
  return found == table().end() ? nullptr : &*found;
}

std::string_view nearest_option(std::string_view name) {
  std::string_view best;
  std::size_t best_distance = 4;  // four edits away is another word
  for (const Option& option : table()) {
    const std::string leaf = option.name.substr(option.name.rfind('.') + 1);
    if (const auto d = edit_distance(name, option.name); d < best_distance)
      best = option.name, best_distance = d;
    if (name == leaf || std::string(name) + "_file" == option.name) return option.name;
  }
  return best;
}

}  // namespace plumbline::config
