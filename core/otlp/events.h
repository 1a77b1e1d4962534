// Records of OTLP into Plumbline's own `span` events (schemas/events/span.v1.json), the GenAI semantic
// conventions lifted into members: current and deprecated names alike
// (opentelemetry.io/docs/specs/semconv/gen-ai, and its registry of deprecated attributes). docs/otlp.md has
// the table.
//
// The same record gives the same event, so what an exporter sends again is a duplicate to the store.
#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/limits.h"
#include "core/otlp/model.h"
#include "core/otlp/screen.h"
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
// for the caller to refuse: the line says its size. Poison "too_large": more than options.bytes_max. Pure;
// thread-safe.
[[nodiscard]] Result<std::vector<Event>> events_of(const Request& request, const EventOptions& options);

// The same events as lines of one text.
struct EventLines {
  struct Line {
    std::size_t begin = 0, end = 0;  // of text, without the line end
    // The screen found nothing in it that redaction would change, and it is no longer than the edge takes:
    // neither codec::Decoder nor redact::Redactor could say anything else about it.
    bool settled = false;
  };
  std::string text;  // each line ended by '\n'
  std::vector<Line> lines;
};

// Remembers attributes' names, and the last value of each, from request to request: programs send the same
// ones again and again. Not thread-safe; one for each thread.
class EventWriter {
 public:
  // `screen` outlives it; nullptr: no line is settled.
  explicit EventWriter(Screen* screen = nullptr);
  ~EventWriter();
  EventWriter(const EventWriter&) = delete;
  EventWriter& operator=(const EventWriter&) = delete;

  // Replaces `out`. Poison as events_of.
  Status write(const Request& request, const EventOptions& options, EventLines& out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Whether an attribute carries what people or models said, or what tools took and gave.
[[nodiscard]] bool is_content(std::string_view key);

}  // namespace plumbline::otlp
