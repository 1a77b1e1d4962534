// Any bytes as gzip and zstd: never more than the bound comes out; what was compressed comes back, also in
// several members.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/compress/compress.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace plumbline;
  if (size < 1) return 0;
  static compress::Decompressor decompressor;
  static PaddedBuffer out;
  constexpr std::size_t kMax = 64 << 10;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  for (const auto encoding : {compress::Encoding::kGzip, compress::Encoding::kZstd}) {
    if (decompressor.run(encoding, text, out, kMax).ok() && out.size() > kMax) std::abort();
    const std::size_t cut = data[0] % (text.size() + 1);
    const auto first = compress::compress(encoding, text.substr(0, cut)),
               second = compress::compress(encoding, text.substr(cut));
    if (!first || !second) std::abort();
    std::string both = *first + *second;
    if (!decompressor.run(encoding, both, out, kMax).ok()) std::abort();
    if (std::string_view(out.data(), out.size()) != text) std::abort();
    if (decompressor.run(encoding, std::string_view(both).substr(0, both.size() - 1), out, kMax).ok())
      std::abort();
    if (!text.empty() && decompressor.run(encoding, both, out, text.size() - 1).ok()) std::abort();
  }
  return 0;
}
