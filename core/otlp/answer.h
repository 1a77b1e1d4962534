// What an OTLP receiver answers (specification/protocol/otlp.md): an empty or partly successful response, or
// a Status, in the encoding of the request. Pure; thread-safe.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/otlp/decode.h"

namespace plumbline::otlp {

[[nodiscard]] std::string_view content_type(Encoding encoding);
// The encoding that a Content-Type names; parameters are ignored. nullopt: neither.
[[nodiscard]] std::optional<Encoding> encoding_of(std::string_view content_type);

// rejected 0 and no message: full success.
[[nodiscard]] std::string success(Signal signal, Encoding encoding, std::int64_t rejected,
                                  std::string_view message);
// google.rpc.Status: `code` is a gRPC code.
[[nodiscard]] std::string failure(Encoding encoding, int code, std::string_view message);

inline constexpr int kInvalidArgument = 3, kPermissionDenied = 7, kResourceExhausted = 8, kUnavailable = 14,
                     kUnauthenticated = 16;

}  // namespace plumbline::otlp
