// Any bytes as the head of a request and as a chunked body: no crash, views that stay inside, and the same
// verdict however the bytes are cut into reads.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "core/http/chunked.h"
#include "core/http/request_head.h"

namespace {

using plumbline::PaddedBuffer;
namespace http = plumbline::http;

void check(bool holds) {
  if (!holds) std::abort();
}

bool inside(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void head(std::string_view text, std::size_t cut) {
  bool bare_lf = false, bare_lf_cut = false;
  const std::size_t end = http::find_head_end(text, 0, bare_lf);
  check(end <= text.size());
  // In two reads, as the connection does.
  std::size_t end_cut = http::find_head_end(text.substr(0, cut), 0, bare_lf_cut);
  if (end_cut == 0) end_cut = http::find_head_end(text, cut, bare_lf_cut);
  if (!bare_lf && !bare_lf_cut) check(end == end_cut);
  if (end == 0 || bare_lf) return;
  http::RequestHead parsed;
  const std::string_view bytes = text.substr(0, end);
  if (http::parse_head(bytes, parsed)) return;
  check(inside(parsed.method, bytes) && inside(parsed.target, bytes) && !parsed.target.empty());
  check(parsed.target.front() == '/' && parsed.field_count <= http::kFieldsMax);
  check(!(parsed.chunked && parsed.content_length));  // the difference smuggling lives on
  std::size_t lengths = 0;
  for (std::size_t i = 0; i < parsed.field_count; ++i) {
    const auto& field = parsed.fields[i];
    check(inside(field.name, bytes) && inside(field.value, bytes) && !field.name.empty());
    check(field.name.find_first_of(" \t:\r\n") == std::string_view::npos);
    check(field.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
    if (http::equals_ignoring_case(field.name, "content-length")) ++lengths;
  }
  check(lengths <= 1);
}

struct Read {
  bool refused = false, done = false;
  std::string body, rest;
  bool operator==(const Read&) const = default;
};

Read chunks(std::string_view text, std::size_t cut) {
  constexpr std::size_t kBodyMax = 512;
  http::ChunkDecoder decoder(kBodyMax);
  PaddedBuffer body;
  Read read;
  for (std::string_view part : {text.substr(0, cut), text.substr(cut)}) {
    while (!part.empty() && !decoder.done() && !read.refused)
      read.refused = decoder.feed(part, body).has_value();
    if (decoder.done()) read.rest += part;
  }
  read.done = decoder.done();
  check(body.size() <= kBodyMax);
  if (!read.refused) read.body.assign(body.data(), body.size());
  return read;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t cut = (data[0] | data[1] << 8) % (text.size() + 1);
  head(text, cut);
  check(chunks(text, cut) == chunks(text, text.size()));
  return 0;
}
