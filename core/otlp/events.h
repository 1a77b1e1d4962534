// Records of OTLP into Plumbline's own `span` events (schemas/events/span.v1.json), the GenAI semantic
// conventions lifted into members: current and deprecated names alike
// (opentelemetry.io/docs/specs/semconv/gen-ai, and its registry of deprecated attributes). Pure; thread-safe.
// docs/otlp.md has the table.
//
// The same record gives the same event, so what an exporter sends again is a duplicate to the store.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/limits.h"
#include "core/otlp/model.h"
#include "core/result.h"
#include "core/time.h"

namespace plumbline::otlp {

struct EventOptions {
  // Off: prompt and message content, status messages and log bodies stay behind (metadata only).
  bool include_content = false;
  TimeUs received_at = {};  // the time of a record that has none
  // Of all lines together: what a request repeats in each event can't fill the memory.
  std::size_t bytes_max = limits::kBodyBytesMax;
};

struct Event {
  std::string id;
  std::string agent;  // service.name of the resource, or "otlp"
  std::string line;   // one JSON object without a raw line end
};

// One for each record, in order. Attributes that would make the line larger than limits::kTraceBytesMax are
// for the caller to refuse: the line says its size. Poison "too_large": more than options.bytes_max.
[[nodiscard]] Result<std::vector<Event>> events_of(const Request& request, const EventOptions& options);

// Whether an attribute carries what people or models said, or what tools took and gave.
[[nodiscard]] bool is_content(std::string_view key);

}  // namespace plumbline::otlp
