// Traces and the links of their hash chains into PostgreSQL: copied in binary form, in key order; a batch
// that holds what is there already is staged, and those whose identity is taken are compared by digest.
// docs/adr says why this way. Not thread-safe; one connection.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "core/ids.h"
#include "core/outcome.h"
#include "core/pg/connection.h"
#include "core/result.h"
#include "core/time.h"
#include "sinks/postgres/trace_store_links.h"

namespace plumbline::postgres {

// Where a trace is in the log. `topic` is its number in plumbline.log_topics.
struct Address {
  std::int16_t topic = 0;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::int32_t index = 0;
  auto operator<=>(const Address&) const = default;
};

// (tenant, id, time) is a trace's identity; in this order it is the table's key, so that batches of a time
// land on few pages.
struct TraceKey {
  TimeUs time;
  TenantId tenant;
  Uuid id;
  auto operator<=>(const TraceKey&) const = default;
};

// One trace to be stored. Views are copied by TraceRows::add, but `payload`, which must outlive the batch.
struct TraceRow {
  TraceKey key;
  Uuid digest;
  TimeUs received_at;
  Address address;
  std::string_view kind, agent, session, repo, branch, commit, version;
  std::string_view action_type, confidence, prompt_type, autonomy_mode, risk_category, policy_hash,
      matched_rule_id;
  std::optional<std::int32_t> risk_score;
  std::optional<ChainLink> link;
  std::string_view payload;
};

// A batch of rows, encoded as they come. Memory is kept for the next batch.
class TraceRows {
 public:
  struct Item {
    TraceKey key;
    Uuid digest;
    Address address;
    std::size_t begin = 0;
    std::size_t size = 0;  // of the encoded columns before payload
    std::string_view payload;
    std::size_t agent_begin = 0;  // of its name, within the columns
    std::size_t agent_size = 0;
    std::optional<std::uint32_t> link;  // of links()
  };
  void clear() {
    items_.clear();
    links_.clear();
    encoded_.clear();
  }
  void add(const TraceRow& row);
  [[nodiscard]] std::span<const Item> items() const { return items_; }
  [[nodiscard]] std::string_view encoded(const Item& item) const {
    return std::string_view(encoded_).substr(item.begin, item.size);
  }
  // Precondition: item.link.
  [[nodiscard]] LinkRow link(const Item& item) const;

 private:
  std::vector<Item> items_;
  std::vector<ChainLink> links_;
  std::string encoded_;
};

class TraceStore {
 public:
  // Once after every connect: staging tables and settings belong to the session.
  Status prepare_session(pg::Connection& connection);
  // Makes the partitions that the rows need; outside of a transaction. Poison "22008": the day lies outside
  // of any retention.
  Status ensure_day(pg::Connection& connection, TimeUs time);
  // Forgets which partitions are known, after an error that says one is missing (retention dropped it).
  void forget_days() { days_.clear(); }
  // In the open transaction. `chosen` are indexes of rows.items(); outcome[i] is set for each of them
  // (kStored, kDuplicate or kConflict) by comparing with whoever holds the identity. A row that holds it
  // itself already (a replay) is kStored.
  Status store(pg::Connection& connection, const TraceRows& rows, std::span<const std::uint32_t> chosen,
               std::span<StoreOutcome> outcome);

 private:
  struct Placed {
    TimeUs time;
    std::uint32_t item = 0;
    bool again = false;
  };
  bool order(const TraceRows& rows, std::span<const std::uint32_t> chosen);
  Status copy(pg::Connection& connection, const TraceRows& rows, bool stage);
  Result<bool> insert(pg::Connection& connection, const TraceRows& rows);
  Status move(pg::Connection& connection, const TraceRows& rows);
  Status compare(pg::Connection& connection, const TraceRows& rows, std::span<StoreOutcome> outcome);
  Status link(pg::Connection& connection, const TraceRows& rows, std::span<const std::uint32_t> chosen,
              std::span<const StoreOutcome> outcome);

  std::unordered_set<std::int64_t> days_;
  LinkStore links_;
  std::vector<LinkRow> link_rows_;
  // Identities are hardly ever taken, so rows are inserted without asking; once some were, with asking, until
  // a whole batch was new.
  bool careful_ = false;
  std::vector<Placed> order_;       // chosen rows by key
  std::vector<std::uint32_t> new_;  // those that were stored, in the log's order
  std::string piece_;
};

}  // namespace plumbline::postgres
