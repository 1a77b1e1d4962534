// Every trace ends in exactly one of these (DESIGN section 1.3). Edge outcomes and store outcomes are
// disjoint sets.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace plumbline {

enum class StoreOutcome : std::uint8_t { kStored, kDuplicate, kConflict, kDead };

// Why an authenticated trace was not accepted. The words are part of the HTTP contract and of outcomes.v1.
enum class RejectReason : std::uint8_t {
  kInvalidJson,  // not JSON, or JSON outside schemas/json-profile.md
  kSchema,       // valid JSON that the kind's schema refuses
  kTooLarge,     // one line over its limit
  kTimeAhead,    // time more than 300 s ahead of receipt
  kTimeBeforeRetention,
  kWrongEndpoint,  // a report on /traces or the other way round
  kCount_,
};

constexpr std::string_view to_word(RejectReason reason) {
  switch (reason) {
    case RejectReason::kInvalidJson:
      return "invalid_json";
    case RejectReason::kSchema:
      return "schema";
    case RejectReason::kTooLarge:
      return "too_large";
    case RejectReason::kTimeAhead:
      return "time_ahead";
    case RejectReason::kTimeBeforeRetention:
      return "time_before_retention";
    case RejectReason::kWrongEndpoint:
      return "wrong_endpoint";
    case RejectReason::kCount_:
      break;
  }
  return "unknown";
}

}  // namespace plumbline
