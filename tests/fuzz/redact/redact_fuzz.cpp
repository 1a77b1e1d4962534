// Any event that the decoder takes: what leaves is an event too, of the same identity, and redacting it again
// changes nothing.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/codec/decoder.h"
#include "core/redact/redactor.h"

namespace {

using namespace plumbline;

redact::Policy with_content() {
  redact::Policy policy;
  policy.include_content = true;
  policy.hash_key = "k";
  return policy;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static codec::Decoder decoder;
  static const redact::Policy policies[] = {redact::Policy{}, with_content()};
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  for (const auto endpoint : {codec::Endpoint::kTraces, codec::Endpoint::kReports}) {
    const auto taken = decoder.decode(line, endpoint);
    if (!taken) continue;
    const Uuid id = (*taken)->id;
    const TimeUs time = (*taken)->time;
    for (const redact::Policy& policy : policies) {
      redact::Redactor redactor(policy);
      const std::string once = redactor.apply(line);
      const auto left = decoder.decode(once, endpoint);
      if (!left || (*left)->id != id || (*left)->time.value != time.value) __builtin_trap();
      if (redactor.apply(once) != once) __builtin_trap();
    }
  }
  return 0;
}
