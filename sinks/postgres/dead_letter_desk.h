// Dead letters for operators: list, show, replay. The connection's role is plumbline_control. Not
// thread-safe.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/log/log.h"
#include "core/pg/connection.h"
#include "core/result.h"
#include "sinks/postgres/dead_letters.h"

namespace plumbline::postgres {

struct DeadLetterFilter {
  std::optional<TenantId> tenant = {};
  std::string reason = {};   // empty: any
  std::int64_t limit = 100;  // newest first
};

// Without their bodies.
Result<std::vector<DeadLetter>> list_dead_letters(pg::Connection& connection, const DeadLetterFilter& filter);
// By address, as address_of prints it; with its body. Poison "no_dead_letter".
Result<DeadLetter> find_dead_letter(pg::Connection& connection, std::string_view address);
// consumer/topic/partition/offset/index
[[nodiscard]] std::string address_of(const DeadLetter& letter);

// Puts single traces back onto their topic as new frames with an edge-like run of its own: they get a new
// position, are judged anew, and are deduplicated by identity like anything else, so replaying twice stores
// nothing twice. The ledger counts them as unconfirmed (in the log, answered to nobody). For after a repair:
// a letter that is still wrong comes back as a new one.
class DeadLetterReplay {
 public:
  DeadLetterReplay(log::Log& log, pg::Connection& connection);
  // Waits for the log's ack and returns the offset. Poison "not_replayable": a whole frame (index -1), or of
  // no tenant.
  Result<std::int64_t> replay(const DeadLetter& letter);

 private:
  Result<std::string> stream_of(const DeadLetter& letter, std::string_view line);

  log::Log& log_;
  pg::Connection& connection_;
  RunId run_;
  std::map<log::TopicPartition, std::uint64_t> next_seq_;
};

}  // namespace plumbline::postgres
