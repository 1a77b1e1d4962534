// The outbox: changes of tenants and keys, written in their transaction, published in order to the compacted
// topic keys.v1, deleted after the log's durable ack. A crash in between publishes a record twice; it has the
// same version, so readers ignore it.
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>

#include "core/ids.h"
#include "core/log/log.h"
#include "core/pg/connection.h"
#include "core/result.h"
#include "core/telemetry/metrics.h"
#include "core/telemetry/trouble.h"

namespace plumbline::postgres {

// Queue the record of a row as it is now, in the caller's transaction, after the row was changed. The
// database writes the record (schemas/keys.v1.json), so that it can't differ from the row.
Status enqueue_tenant(pg::Connection& connection, TenantId tenant);
Status enqueue_key(pg::Connection& connection, const KeyId& key);
// Every tenant and key once more: for a log that lacks them. A transaction of its own. Returns the records
// queued.
Result<std::int64_t> enqueue_all(pg::Connection& connection);
[[nodiscard]] Result<std::int64_t> outbox_size(pg::Connection& connection);

// Publishes what the outbox holds now; the caller holds the publisher lock. Returns the records published.
Result<std::int64_t> publish_outbox(pg::Connection& connection, log::Log& log);
// True when this session is the one publisher of the database now; the lock ends with the connection or by
// unlock_publisher.
Result<bool> try_lock_publisher(pg::Connection& connection);
void unlock_publisher(pg::Connection& connection);

struct PublisherOptions {
  pg::ConnectOptions postgres;          // its role becomes plumbline_control
  std::chrono::milliseconds poll{500};  // besides LISTEN: a notification can be missed while reconnecting
  std::chrono::milliseconds backoff_max{2000};  // while PostgreSQL or the log is down
};

// A thread that publishes within a second of each change and never gives up. When keys.v1 is empty (a fresh
// log folder) it publishes everything again. Several may run against one database: one works, the others
// stand by. `log` and `metrics` outlive it.
class OutboxPublisher {
 public:
  OutboxPublisher(PublisherOptions options, log::Log& log, telemetry::Metrics& metrics);
  ~OutboxPublisher();  // stops and joins
  OutboxPublisher(const OutboxPublisher&) = delete;
  OutboxPublisher& operator=(const OutboxPublisher&) = delete;

 private:
  void run(const std::stop_token& stop);
  Status session(const std::stop_token& stop);
  Status refill(pg::Connection& connection);

  PublisherOptions options_;
  log::Log& log_;
  telemetry::Counter& published_;
  telemetry::Counter& failures_;
  telemetry::Trouble trouble_{"outbox_interrupted"};
  bool in_doubt_ =
      false;  // published and not deleted: another publisher may have published newer versions meanwhile
  std::jthread thread_;
};

}  // namespace plumbline::postgres
