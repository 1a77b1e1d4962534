// Decoder of the chunked transfer coding (RFC 9112 section 7.1): extensions are read over up to a cap,
// trailers are dropped. Pure; appends to a buffer that the caller bounds.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/http/request_head.h"
#include "core/padded_buffer.h"

namespace plumbline::http {

// A size line with its extensions: nobody's client sends any. A trailer section: ours send none.
inline constexpr std::size_t kChunkLineBytesMax = 256;
inline constexpr std::size_t kTrailerBytesMax = std::size_t{4} << 10;

class ChunkDecoder {
 public:
  // `body_max` bounds what all chunks together may append.
  explicit ChunkDecoder(std::size_t body_max) : body_max_(body_max) {}
  // Takes bytes from the front of `input` and appends the body's to `body`. Call again with more until
  // done().
  [[nodiscard]] std::optional<Refusal> feed(std::string_view& input, PaddedBuffer& body);
  [[nodiscard]] bool done() const { return state_ == State::kDone; }

 private:
  enum class State { kSize, kExtension, kSizeLf, kData, kDataCr, kDataLf, kTrailer, kTrailerLf, kDone };
  std::optional<Refusal> step(char c);
  std::optional<Refusal> end_of_size_line();
  std::optional<Refusal> size_char(char c);
  std::optional<Refusal> trailer_char(char c);

  std::size_t body_max_;
  std::uint64_t left_ = 0;      // of the chunk
  std::uint64_t total_ = 0;     // of the body
  std::size_t line_bytes_ = 0;  // of this size line
  std::size_t digits_ = 0;
  std::size_t trailer_bytes_ = 0;
  bool line_empty_ = true;  // of a trailer line
  State state_ = State::kSize;
};

}  // namespace plumbline::http
