// Any bytes as a report of any tool: what is understood becomes report data that the schema takes.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/codec/decoder.h"
#include "core/formats/formats.h"
#include "core/formats/gate_report.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace plumbline;
  if (size < 1) return 0;
  static codec::Decoder decoder;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  (void)formats::guess(text);
  const auto format = static_cast<formats::Format>(data[0] % 6);
  const auto report = formats::parse(format, text);
  if (!report) return 0;
  const std::string line =
      R"({"id":"11111111-1111-4111-8111-111111111111","kind":"report","time":"2026-01-01T00:00:00Z","agent":"a","data":)" +
      formats::report_data(*report) + "}";
  if (!decoder.decode(line, codec::Endpoint::kReports)) __builtin_trap();
  return 0;
}
