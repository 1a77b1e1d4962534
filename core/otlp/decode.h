// An OTLP request body, decompressed, into the model. Thread-safe.
//
// Unknown fields are skipped, as protobuf asks. Bounds: values nested deeper than kValueDepthMax and requests
// of more than limits::kTracesPerRequestMax records are refused whole, so a sender sees it at once.
#pragma once
#include <cstdint>
#include <string_view>

#include "core/otlp/model.h"
#include "core/result.h"

namespace plumbline::otlp {

enum class Encoding : std::uint8_t { kProtobuf, kJson };

// Deeper than any semantic convention; bounds the recursion and keeps the event within limits::kJsonDepthMax.
inline constexpr int kValueDepthMax = 16;

// Poison "otlp": not such a request, or over a bound; the message says which.
[[nodiscard]] Result<Request> decode(Signal signal, Encoding encoding, std::string_view body);

// The two encodings, called by decode.
[[nodiscard]] Result<Request> decode_protobuf(Signal signal, std::string_view body);
[[nodiscard]] Result<Request> decode_json(Signal signal, std::string_view body);

}  // namespace plumbline::otlp
