// What a consumer plugs into the shared loop: a pure fold in the middle, effects at the rim. All calls come
// on the loop's thread.
#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/log/log.h"
#include "core/pg/connection.h"
#include "core/result.h"
#include "sinks/postgres/positions.h"

namespace plumbline::loop {

// A record at or above the stored position. `fresh` is false where a replay reads what is counted already:
// rows may be made again (they will be there), but nothing is counted and nothing is sent.
struct Input {
  const log::ReadRecord* record = nullptr;
  bool fresh = true;
};

class Consumer {
 public:
  virtual ~Consumer() = default;
  // Name in positions, dead letters and metrics, and of the log's consumer group.
  [[nodiscard]] virtual std::string_view name() const = 0;
  [[nodiscard]] virtual std::vector<std::string> topics() const = 0;

  // A new session: temporary tables and settings.
  virtual Status connected(pg::Connection& connection) = 0;
  // These partitions were just claimed: (re)load their state as the database has it.
  virtual Status assigned(pg::Connection& connection, std::span<const postgres::Position> positions) = 0;
  // These went to another member, or the member leaves: what is remembered of them may be dropped.
  virtual void revoked(std::span<const log::TopicPartition> /*partitions*/) {}

  // Before each poll: what the fold must know of the database, where it may have changed. A failure is tried
  // again; nothing was polled yet.
  virtual Status refresh(pg::Connection& /*connection*/) { return ok_status(); }

  // Folds the first records into pending effects (replacing earlier ones) and returns how many it took, at
  // least one. No IO, and poison is no failure: it becomes an effect.
  virtual std::size_t fold(std::span<const Input> inputs) = 0;
  // Transactions of its own that the effects need first.
  virtual Status prepare(pg::Connection& connection) = 0;
  // Applies the pending effects in the open transaction that also holds the positions. May be called again
  // for the same effects after a rollback.
  virtual Status apply(pg::Connection& connection) = 0;
  // apply failed as poison and was rolled back: find what did it and turn it into dead letters among the
  // effects. True when something was found.
  virtual Result<bool> isolate(pg::Connection& connection, const Error& error) = 0;
  // The effects are stored: what was folded becomes the state.
  virtual void committed() = 0;
};

}  // namespace plumbline::loop
