// Records of drift.v1 (schemas/topics/drift.v1.json) into typed events.
#pragma once
#include <memory>
#include <string_view>

#include "core/result.h"
#include "sinks/channel/channel.h"

namespace plumbline::notify {

// Holds a parser's memory; its results depend on its argument only. Not thread-safe.
class EventDecoder {
 public:
  EventDecoder();
  ~EventDecoder();
  // Poison "invalid_json" or "schema", naming the place.
  Result<channel::Event> decode(std::string_view json);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace plumbline::notify
