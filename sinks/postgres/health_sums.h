// What health adds to its tables: integer sums by hour, least and greatest. Everything here merges by
// addition or by maximum, so it depends on the set of counted events alone. Plain values, not thread-safe.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/ids.h"
#include "core/time.h"
#include "core/uuid.h"

namespace plumbline::postgres {

inline constexpr std::size_t kBuckets = 10;

// Columns of health_repo_hours that are sums, in the order of kRepoColumnNames (health_store.cpp).
enum RepoColumn : std::size_t {
  kRuns,
  kPasses,
  kFails,
  kSkips,
  kErrors,
  kFailures,
  kScoreCount,
  kScoreMilli,
  kAiCount,
  kAiMilli,
  kStructuralCount,
  kStructuralMilli,
  kDurationCount,
  kDurationMs,
  kScoreH0,
  kDurationH0 = kScoreH0 + kBuckets,
  kRepoColumns = kDurationH0 + kBuckets
};

// Columns of health_agent_hours that are sums, in the order of kAgentColumnNames.
enum AgentColumn : std::size_t {
  kTraces,
  kDecisions,
  kEscalations,
  kMatched,
  kSessionStarts,
  kSessionEnds,
  kSpans,
  kRiskCount,
  kRiskSum,
  kRiskLow,
  kRiskMedium,
  kRiskHigh,
  kRiskCritical,
  kRiskOther,
  kLatencyCount,
  kLatencyUs,
  kRiskH0,
  kLatencyH0 = kRiskH0 + kBuckets,
  kAgentColumns = kLatencyH0 + kBuckets
};

// (tenant, hour, names...) as bytes: cheap to hash and to compare, and in its order rows are written, so that
// two members that write the same rows lock them in the same order.
class SumKey {
 public:
  SumKey& begin(const TenantId& tenant, TimeUs hour);
  SumKey& add(std::string_view name);  // at most 65,535 bytes
  // Back to what the key was when it had so many bytes: keys that begin alike are made once.
  SumKey& cut(std::size_t size) {
    bytes_.resize(size);
    return *this;
  }
  [[nodiscard]] std::string_view bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

// The parts of such a key; views borrow from it.
struct SumKeyParts {
  explicit SumKeyParts(std::string_view bytes);
  TenantId tenant;
  TimeUs hour;
  std::array<std::string_view, 4> names;
};

// Spreads keys; of this process only.
[[nodiscard]] std::uint64_t sum_hash(std::string_view key);

// Rows in the order in which they came, found by open addressing.
template <class Value>
class SumMap {
 public:
  // Stable until clear().
  Value& at(std::string_view key) { return at(key, sum_hash(key)); }
  // `hash`: sum_hash of the key.
  Value& at(std::string_view key, std::uint64_t hash) {
    if (8 * (rows_.size() + 1) > 5 * slots_.size()) grow();
    const std::size_t mask = slots_.size() - 1;
    std::size_t slot = hash & mask;
    for (; slots_[slot].row != nullptr; slot = (slot + 1) & mask) {
      if (slots_[slot].hash == hash && slots_[slot].row->first == key) return slots_[slot].row->second;
    }
    Row& made = rows_.emplace_back(std::string(key), Value{});
    slots_[slot] = {hash, &made};
    return made.second;
  }
  // The row will be asked for soon.
  void prefetch(std::uint64_t hash) const {
    if (!slots_.empty()) __builtin_prefetch(&slots_[hash & (slots_.size() - 1)]);
  }
  [[nodiscard]] const auto& all() const { return rows_; }
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  [[nodiscard]] std::size_t size() const { return rows_.size(); }
  void clear() {
    rows_.clear();
    slots_.clear();
  }

 private:
  using Row = std::pair<const std::string, Value>;
  struct Slot {
    std::uint64_t hash = 0;
    Row* row = nullptr;
  };
  void grow() {
    std::vector<Slot> before = std::exchange(slots_, {});
    slots_.resize(before.empty() ? 16 : before.size() * 2);
    const std::size_t mask = slots_.size() - 1;
    for (const Slot& one : before) {
      if (one.row == nullptr) continue;
      std::size_t slot = one.hash & mask;
      while (slots_[slot].row != nullptr) slot = (slot + 1) & mask;
      slots_[slot] = one;
    }
  }
  std::deque<Row> rows_;
  std::vector<Slot> slots_;
};

struct RepoSums {
  std::array<std::int64_t, kRepoColumns> sums{};
};

// The greatest (time, id) of what was counted.
struct LatestReport {
  TimeUs time{INT64_MIN};
  Uuid id;
  std::string status, agent, commit, version;
  std::optional<double> score, ai_health_score, structural_score;
  std::int64_t failures = 0;
};

struct AgentSums {
  std::array<std::int64_t, kAgentColumns> sums{};
  TimeUs time{INT64_MIN};  // of the latest
  Uuid id;
  std::string_view kind;  // static storage
  std::string session;
};

struct DecisionSums {
  std::int64_t decisions = 0;
  TimeUs first{INT64_MAX};
  TimeUs last{INT64_MIN};
};

struct HealthSums {
  SumMap<RepoSums> repos;          // hour, repo
  SumMap<std::int64_t> failures;   // hour, repo, gate, severity, provenance
  SumMap<LatestReport> latest;     // hour 0, repo, branch
  SumMap<AgentSums> agents;        // hour, agent
  SumMap<DecisionSums> decisions;  // hour, agent, policy hash, rule, action type

  // Rows that they touch, but for those of policies and latest traces.
  [[nodiscard]] std::size_t rows() const {
    return repos.size() + failures.size() + latest.size() + agents.size() + decisions.size();
  }
  void clear() {
    repos.clear();
    failures.clear();
    latest.clear();
    agents.clear();
    decisions.clear();
  }
};

}  // namespace plumbline::postgres
