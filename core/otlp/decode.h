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

// The request borrows from `body`. Poison "otlp": not such a request, or nested too deep; "too_large": over a
// bound. The message says which.
[[nodiscard]] Result<Request> decode(Signal signal, Encoding encoding, std::string_view body);
// The same into a request whose memory is used again.
[[nodiscard]] Status decode(Signal signal, Encoding encoding, std::string_view body, Request& into);

// The two encodings, called by decode.
[[nodiscard]] Status decode_protobuf(std::string_view body, Request& into);
[[nodiscard]] Status decode_json(std::string_view body, Request& into);

// Senders' SDKs do not check text, and protobuf carries any bytes: the text itself where it is UTF-8 without
// U+0000, else a repaired copy. Repaired once, when it is decoded, a name is the same wherever it goes: in
// the event, as the agent that owns it, against a bound.
[[nodiscard]] std::string_view repaired(std::string_view text, Arena& arena);

}  // namespace plumbline::otlp
