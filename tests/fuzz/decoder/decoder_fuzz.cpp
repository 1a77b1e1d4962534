// Any bytes into the decoder, the splitter and the record decoders: no crash, no read beyond the input, and
// what the splitter calls a line has no line end that the decoder would take.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/codec/body.h"
#include "core/codec/decoder.h"
#include "core/codec/records.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace plumbline::codec;
  static Decoder decoder;
  static BodySplitter splitter;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)decoder.decode(text, Endpoint::kTraces);
  (void)decoder.decode(text, Endpoint::kReports);
  (void)decode_keys_record(text);
  (void)decode_outcome_record(text);
  (void)decode_dead_record(text);
  for (const MediaType type : {MediaType::kJson, MediaType::kNdjson}) {
    std::string body(text);
    const auto items = splitter.split(body.data(), body.size(), type);
    if (!items) continue;
    for (const std::string_view item : *items) {
      const bool taken =
          decoder.decode(item, Endpoint::kTraces).ok() || decoder.decode(item, Endpoint::kReports).ok();
      if (taken && item.find_first_of("\r\n") != std::string_view::npos) std::abort();
    }
  }
  return 0;
}
