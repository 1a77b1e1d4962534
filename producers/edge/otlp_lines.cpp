#include "producers/edge/otlp_lines.h"

#include <string>

#include "core/limits.h"
#include "core/otlp/events.h"

namespace plumbline::edge {

OtlpLines::OtlpLines() {
  with_content_.include_content = true;
}

Result<std::size_t> OtlpLines::write(otlp::Signal signal, otlp::Encoding encoding, std::string_view body,
                                     bool include_content, TimeUs now, PaddedBuffer& out) {
  const auto request = otlp::decode(signal, encoding, body);
  if (!request) return request.error();
  const auto events = otlp::events_of(*request, {.include_content = include_content, .received_at = now});
  if (!events) return events.error();
  redact::Redactor& redactor = include_content ? content_redactor_ : metadata_redactor_;
  out.clear();  // the events hold copies
  for (const otlp::Event& event : *events) {
    out.append(redactor.apply(event.line));
    out.append("\n");
    if (out.size() > limits::kBodyBytesMax)
      return poison("too_large", "the request makes events of more than 16 MiB: send smaller batches");
  }
  return events->size();
}

}  // namespace plumbline::edge
