// Events into request bodies: NDJSON, of one endpoint each, in their order.
#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "producers/push/convert.h"

namespace plumbline::push {

// Small enough that a lost connection costs little, large enough that a round trip is shared by hundreds of
// traces.
inline constexpr std::size_t kBatchBytesMax = std::size_t{1} << 20;
inline constexpr std::size_t kBatchEventsMax = 500;

struct Batch {
  bool report = false;
  std::string body;
  std::vector<const Event*> events;  // borrowed; by the index that the edge answers with
};

// An event larger than kBatchBytesMax travels alone.
[[nodiscard]] std::vector<Batch> cut(std::span<const Event> events);

}  // namespace plumbline::push
