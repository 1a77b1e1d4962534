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

// Resources, scopes, events of spans and values of one request, for two bytes of protobuf make a hundred in
// memory: 10,000 records of a hundred attributes each.
inline constexpr std::size_t kElementsMax = 1'000'000;

// Poison "otlp": not such a request, or nested too deep; "too_large": over a bound. The message says which.
[[nodiscard]] Result<Request> decode(Signal signal, Encoding encoding, std::string_view body);

// The two encodings, called by decode.
[[nodiscard]] Result<Request> decode_protobuf(Signal signal, std::string_view body);
[[nodiscard]] Result<Request> decode_json(Signal signal, std::string_view body);

}  // namespace plumbline::otlp
