// Trace files of any bytes: verification ends, and what was canonical once is canonical for good.
#include <cstdint>
#include <cstdlib>

#include "core/chain/verify_file.h"
#include "core/codec/python_canonical.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using plumbline::codec::PythonObject;
  const std::string_view text{static_cast<const char*>(static_cast<const void*>(data)), size};
  const auto report = plumbline::chain::verify_text(text);
  if (report.lines < report.entries) std::abort();
  const auto object = PythonObject::parse(text);
  if (!object) return 0;
  const std::string canonical = object->canonical_without("");
  for (const auto& member : object->members()) {
    if (member.raw.data() < text.data() || member.raw.data() + member.raw.size() > text.data() + text.size())
      std::abort();
  }
  const auto again = PythonObject::parse(canonical);
  // A float of few characters may print as more than the profile takes; nothing else may stop it.
  if (again && again->canonical_without("") != canonical) std::abort();
  return 0;
}
