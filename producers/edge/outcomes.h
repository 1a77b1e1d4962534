// What became of every authenticated trace at the edge: cumulative counts for each (run, tenant, minute of
// receipt), published to outcomes.v1 and merged there by maximum, so that repeating or losing a publication
// harms nothing. Pure. Not thread-safe: one for each worker.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/ids.h"
#include "core/outcome.h"
#include "core/time.h"

namespace plumbline::edge {

// Why a whole request was answered 429 or 503.
enum class Refused : std::uint8_t { kRateLimited, kLogSlow, kLogDown, kOverloaded, kCount_ };

constexpr std::string_view to_word(Refused refused) {
  switch (refused) {
    case Refused::kRateLimited:
      return "rate_limited";
    case Refused::kLogSlow:
      return "log_slow";
    case Refused::kLogDown:
      return "log_down";
    case Refused::kOverloaded:
      return "overloaded";
    case Refused::kCount_:
      break;
  }
  return "unknown";
}

using RejectCounts = std::array<std::uint32_t, static_cast<std::size_t>(RejectReason::kCount_)>;

struct OutcomeKey {
  RunId run;
  TenantId tenant;
  std::int64_t minute = 0;  // minutes since the Unix epoch
  bool operator==(const OutcomeKey&) const = default;
};

inline OutcomeKey outcome_key(RunId run, TenantId tenant, TimeUs received_at) {
  return {run, tenant, received_at.value / 60'000'000};
}

// One record of outcomes.v1.
struct OutcomeRecord {
  std::string key;
  std::string value;
  OutcomeKey of;
  std::uint64_t version = 0;
};

class Outcomes {
 public:
  // A request ended: its traces were accepted or rejected, or refused all together.
  void add(const OutcomeKey& key, std::uint64_t accepted, const RejectCounts& rejected);
  void add_refused(const OutcomeKey& key, Refused why, std::uint64_t traces);

  // The records of what changed since it was last confirmed.
  [[nodiscard]] std::vector<OutcomeRecord> changed() const;
  // The log holds this record.
  void confirmed(const OutcomeKey& key, std::uint64_t version);
  // Forgets confirmed minutes before this one: no request of theirs is left.
  void forget_before(std::int64_t minute);
  [[nodiscard]] bool all_confirmed() const;
  [[nodiscard]] std::size_t size() const { return counts_.size(); }

 private:
  struct Counts {
    std::uint64_t accepted = 0;
    std::array<std::uint64_t, static_cast<std::size_t>(RejectReason::kCount_)> rejected{};
    std::array<std::uint64_t, static_cast<std::size_t>(Refused::kCount_)> refused{};
    std::uint64_t version = 0;    // of the counts
    std::uint64_t confirmed = 0;  // version the log holds
  };
  struct KeyHash {
    std::size_t operator()(const OutcomeKey& key) const {
      return std::hash<TenantId>{}(key.tenant) ^ std::hash<RunId>{}(key.run) ^
             (static_cast<std::size_t>(key.minute) << 20);
    }
  };
  static OutcomeRecord record_of(const OutcomeKey& key, const Counts& counts);

  std::unordered_map<OutcomeKey, Counts, KeyHash> counts_;
};

}  // namespace plumbline::edge
