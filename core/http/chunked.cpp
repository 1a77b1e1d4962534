#include "core/http/chunked.h"

#include <algorithm>

namespace plumbline::http {
namespace {

constexpr Refusal kBadChunk{400, "bad_chunk", "a chunk is hexadecimal size, CRLF, that many bytes, CRLF"};

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}
bool is_control(char c) {
  return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
}

}  // namespace

std::optional<Refusal> ChunkDecoder::feed(std::string_view& input, PaddedBuffer& body) {
  while (!input.empty() && state_ != State::kDone) {
    if (state_ == State::kData) {
      const std::size_t take = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
      body.append(input.substr(0, take));
      input.remove_prefix(take);
      left_ -= take;
      if (left_ == 0) state_ = State::kDataCr;
      continue;
    }
    const char c = input.front();
    input.remove_prefix(1);
    if (auto refusal = step(c)) return refusal;
  }
  return std::nullopt;
}

std::optional<Refusal> ChunkDecoder::step(char c) {
  switch (state_) {
    case State::kSize:
    case State::kExtension:
      return size_char(c);
    case State::kSizeLf:
      return c == '\n' ? end_of_size_line() : kBadChunk;
    case State::kDataCr:
      if (c != '\r') return kBadChunk;
      state_ = State::kDataLf;
      return std::nullopt;
    case State::kDataLf:
      if (c != '\n') return kBadChunk;
      state_ = State::kSize;
      line_bytes_ = digits_ = 0;
      return std::nullopt;
    case State::kTrailer:
    case State::kTrailerLf:
      return trailer_char(c);
    case State::kData:
    case State::kDone:
      break;
  }
  return kBadChunk;
}

std::optional<Refusal> ChunkDecoder::size_char(char c) {
  if (++line_bytes_ > kChunkLineBytesMax) {
    return Refusal{400, "chunk_extension_too_long", "send chunks without extensions"};
  }
  if (c == '\r' && digits_ > 0) {
    state_ = State::kSizeLf;
    return std::nullopt;
  }
  if (is_control(c)) return kBadChunk;
  if (state_ == State::kExtension) return std::nullopt;
  if (c == ';' && digits_ > 0) {
    state_ = State::kExtension;
    return std::nullopt;
  }
  const int digit = hex_value(c);
  if (digit < 0 || ++digits_ > 8) return kBadChunk;
  left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
  return std::nullopt;
}

std::optional<Refusal> ChunkDecoder::end_of_size_line() {
  if (left_ == 0) {
    state_ = State::kTrailer;
    return std::nullopt;
  }
  total_ += left_;
  if (total_ > body_max_) return Refusal{413, "body_too_large", "send fewer traces in a request"};
  state_ = State::kData;
  return std::nullopt;
}

std::optional<Refusal> ChunkDecoder::trailer_char(char c) {
  if (++trailer_bytes_ > kTrailerBytesMax) return Refusal{431, "trailers_too_large", "send no trailers"};
  if (state_ == State::kTrailerLf) {
    if (c != '\n') return kBadChunk;
    state_ = line_empty_ ? State::kDone : State::kTrailer;
    line_empty_ = true;
    return std::nullopt;
  }
  if (c == '\r') {
    state_ = State::kTrailerLf;
  } else if (is_control(c)) {
    return kBadChunk;
  } else {
    line_empty_ = false;
  }
  return std::nullopt;
}

}  // namespace plumbline::http
