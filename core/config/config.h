// Every option of the server as plain structs; each default is stated here and nowhere else.
// core/config/options.cpp binds names, bounds and meanings to these members; `plumbline config` prints that
// table.
#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "core/secret.h"

namespace plumbline::config {

using namespace std::chrono_literals;

struct Embedded {
  std::string dir = "data/log";             // segments, owner lock and owner socket
  std::int64_t segment_bytes = 64 << 20;    // preallocated; a record must fit
  std::int64_t group_bytes_max = 8 << 20;   // one group commit
  std::int64_t queue_bytes_max = 64 << 20;  // appended, not yet durable: above it appends are refused
};

struct Kafka {
  std::string brokers = "127.0.0.1:9092";
  std::int32_t replication = 1;
  std::string producer = "native";  // or "librdkafka"
  std::chrono::milliseconds delivery_timeout = 30s;
  std::chrono::milliseconds session_timeout = 10s;
  std::int64_t queue_bytes_max = 64 << 20;
  std::map<std::string, std::string> options;  // passed to librdkafka as they are: SASL, TLS, tuning
};

struct Topics {
  std::int32_t partitions = 8;
  std::chrono::milliseconds retention = 168h;
  std::int64_t retention_bytes = -1;  // per partition
};

struct Edge {
  std::string listen = "127.0.0.1:8080";
  std::int32_t threads = 0;   // 0: one for every two cores
  std::string tls_cert_file;  // PEM chain; both or none
  std::string tls_key_file;
  std::chrono::milliseconds header_timeout = 10s;
  std::chrono::milliseconds idle_timeout = 75s;
  std::int64_t body_bytes_s_min = 1024;          // slower clients are cut (408)
  std::chrono::milliseconds ack_wait_max = 10s;  // then 503: the log is slow
  std::int32_t connections_max = 10000;
  std::int64_t inflight_bytes_max = 128 << 20;  // bodies admitted and not answered yet; above it 503
  std::chrono::milliseconds drain_timeout = 20s;
  std::chrono::milliseconds outcomes_interval = 1s;
};

struct Persist {
  std::int32_t threads = 1;                // members of the group in this process
  std::int32_t batch_records_max = 20000;  // traces a transaction
  std::int64_t batch_bytes_max = 32 << 20;
  std::chrono::milliseconds poll_wait = 50ms;
  std::chrono::milliseconds backoff_max = 5s;         // while PostgreSQL is down
  std::chrono::milliseconds retention_interval = 1h;  // between two removals of what is too old; 0: none
  std::string admin_listen = "127.0.0.1:9464";        // /livez /readyz /metrics of a role without an edge
};

struct Health {
  std::int32_t threads = 1;
  std::int32_t batch_records_max =
      200000;  // traces a transaction: rows are written once each, so a backlog costs less
  std::int64_t batch_bytes_max = 128 << 20;
  std::chrono::milliseconds poll_wait = 50ms;
  std::chrono::milliseconds backoff_max = 5s;
  std::string admin_listen = "127.0.0.1:9465";
};

struct Drift {
  std::int32_t threads = 1;
  std::int32_t batch_records_max = 100000;
  std::int64_t batch_bytes_max = 64 << 20;
  std::chrono::milliseconds poll_wait = 20ms;
  std::chrono::milliseconds backoff_max = 5s;
  std::string admin_listen = "127.0.0.1:9466";
  std::chrono::milliseconds flap_window = 1h;      // event time
  std::chrono::milliseconds notify_age_max = 24h;  // at receipt
  std::chrono::milliseconds history = 2160h;       // reports that can still be followed by late ones
  std::chrono::milliseconds watch_interval = 60s;
  std::chrono::milliseconds silence_min = 24h;   // nobody is called silent earlier
  std::chrono::milliseconds silence_max = 336h;  // everybody is called silent by then
};

// The relay that mail leaves by.
struct Smtp {
  std::string url;  // smtp://relay:587 or smtps://relay:465; empty: no mail
  std::string user;
  Secret password;  // smtp.password_file
  std::string from = "Plumbline <plumbline@localhost>";
  std::string tls = "required";  // required: STARTTLS or smtps; opportunistic; none
  std::string ca_file;           // PEM; empty: the system's
};

struct Notify {
  std::chrono::milliseconds poll_wait = 20ms;
  std::chrono::milliseconds backoff_max = 5s;
  std::string admin_listen = "127.0.0.1:9467";
  std::string listen = "127.0.0.1:9468";  // unsubscribe pages; only with public_url
  std::string public_url;    // as people reach `listen`; empty: mail without one-click unsubscribe
  std::int32_t senders = 4;  // threads: each sends one message at a time
  std::chrono::milliseconds send_timeout = 10s;   // one attempt
  std::chrono::milliseconds retry_first = 1s;     // doubled with each attempt
  std::chrono::milliseconds retry_max = 15min;    // longest pause that is not asked for
  std::chrono::milliseconds age_max = 24h;        // older events are not sent, older deliveries given up
  std::chrono::milliseconds disable_after = 24h;  // a route that failed for so long is disabled
  std::chrono::milliseconds slack_interval = 1s;  // Slack: one message a second a channel
  std::string allow_hosts;                        // SSRF guard: names that may resolve to private addresses
  std::string allow_cidrs;                        // SSRF guard: address ranges that may be dialled
  std::string slack_api_url = "https://slack.com/api";
  Smtp smtp;
};

// Signing in with GitHub or Google: empty ids turn them off.
struct OAuthClient {
  std::string client_id;
  Secret client_secret;  // *_client_secret_file
};

struct Console {
  std::string listen = "127.0.0.1:8081";
  std::string public_url;  // as browsers reach it; empty: http:// and `listen`
  std::string edge_url;    // as clients reach the edge; empty: edge.listen where that is loopback
  std::string tls_cert_file;
  std::string tls_key_file;
  std::int32_t connections = 4;  // threads, each with two PostgreSQL connections at most
  std::chrono::milliseconds access_ttl = 10min;
  std::chrono::milliseconds session_ttl = 720h;   // then one signs in again
  std::chrono::milliseconds refresh_grace = 10s;  // tabs that refresh at the same moment
  std::string proxy_header;                       // X-Forwarded-For of the proxy in front; empty: none
  std::string oidc_issuer;
  OAuthClient oidc;
  std::string oidc_name = "Single sign-on";
  std::string oidc_emails = "verified";  // or all
  OAuthClient google;
  OAuthClient github;
  std::string github_url = "https://github.com";
  std::string github_api_url = "https://api.github.com";
};

struct Postgres {
  std::string url =
      "host=127.0.0.1 dbname=plumbline user=plumbline";  // libpq; TLS: sslmode=verify-full sslrootcert=...
  Secret password;                                       // postgres.password_file
};

struct Keys {
  Secret master_key;  // 32 bytes as base64; keys.master_key_file
};

struct Config {
  std::string log = "embedded";  // or "kafka": the one line that changes the backend
  Embedded embedded;
  Kafka kafka;
  Topics topics;
  Edge edge;
  Persist persist;
  Health health;
  Drift drift;
  Notify notify;
  Console console;
  Postgres postgres;
  Keys keys;
  std::string log_level = "info";
};

}  // namespace plumbline::config
