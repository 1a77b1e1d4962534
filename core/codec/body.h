// A request body into lines: one JSON object, a JSON array of them, or NDJSON. Looks at boundaries only;
// codec/decoder.h judges each line.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace plumbline::codec {

enum class MediaType : std::uint8_t { kJson, kNdjson };
// Of a Content-Type: application/json or application/x-ndjson (also application/ndjson), in any case, with no
// parameter but charset=utf-8. Anything else is nothing: 415.
[[nodiscard]] std::optional<MediaType> parse_media_type(std::string_view content_type);

// Keeps its memory from body to body: one per thread. Not thread-safe.
class BodySplitter {
 public:
  BodySplitter();
  ~BodySplitter();
  BodySplitter(BodySplitter&&) noexcept;
  BodySplitter& operator=(BodySplitter&&) noexcept;

  // Items in their order, each without white space around it and without a raw CR or LF: in place, those
  // between tokens become spaces (those within a JSON string stay and make the decoder refuse the item).
  // Views live as long as the body, the span until the next call. Under kJson the first byte tells an array
  // from an object. A blank NDJSON line is no item; a broken NDJSON line is an item that the decoder refuses.
  // Poison:
  //   invalid_body    an array whose items can't be told apart, or a body that is neither object nor array
  //   empty_body      no item at all
  //   too_many_items  more than limits::kTracesPerRequestMax
  Result<std::span<const std::string_view>> split(char* body, std::size_t size, MediaType type);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace plumbline::codec
