// Any bytes into the decoders, the splitter and the record decoders: no crash, no read beyond the input; what
// the splitter calls a line has no line end that the decoder would take; and the decoder that learns forms
// from the lines before says of each line what the one without memory says.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/codec/body.h"
#include "core/codec/decoder.h"
#include "core/codec/form_decoder.h"
#include "core/codec/records.h"
#include "tests/support/decoded_text.h"

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
    for (const Endpoint endpoint : {Endpoint::kTraces, Endpoint::kReports}) {
      FormDecoder formed;
      for (const std::string_view item : *items) {
        if (plumbline::tests::text_of(formed.decode(item, endpoint)) !=
            plumbline::tests::text_of(decoder.decode(item, endpoint)))
          std::abort();
      }
    }
    for (const std::string_view item : *items) {
      const bool taken =
          decoder.decode(item, Endpoint::kTraces).ok() || decoder.decode(item, Endpoint::kReports).ok();
      if (taken && item.find_first_of("\r\n") != std::string_view::npos) std::abort();
    }
  }
  return 0;
}
