// An OTLP export request into the lines that the edge's intake judges like any other: decoded, lifted into
// `span` events, redacted. Metadata only, unless the key's tenant wants content in; detectors of secrets look
// at everything (core/redact).
#pragma once
#include <cstddef>
#include <string_view>

#include "core/otlp/decode.h"
#include "core/padded_buffer.h"
#include "core/redact/redactor.h"
#include "core/result.h"
#include "core/time.h"

namespace plumbline::edge {

// Not thread-safe: one for each worker.
class OtlpLines {
 public:
  OtlpLines();
  // NDJSON, one line for each record, in order; `out` may be where `body` is. The number of lines.
  // Poison as otlp::decode; "too_large" when the events are more than limits::kBodyBytesMax, for the lines of
  // one agent become one record of the log.
  Result<std::size_t> write(otlp::Signal signal, otlp::Encoding encoding, std::string_view body,
                            bool include_content, TimeUs now, PaddedBuffer& out);

 private:
  redact::Policy metadata_only_;
  redact::Policy with_content_;
  redact::Redactor metadata_redactor_{metadata_only_};
  redact::Redactor content_redactor_{with_content_};
};

}  // namespace plumbline::edge
