#include "core/log/crc32c.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#include <wmmintrin.h>
#endif

namespace plumbline::log {
namespace {

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78U : 0U);
    table[i] = crc;
  }
  return table;
}
constexpr auto kTable = make_table();

#if defined(__x86_64__)
// The instruction answers after three cycles and takes a word in each: three stretches side by side, joined
// by what the zeros of the stretches behind them would make of each (V. Gopal et al., Fast CRC Computation
// for iSCSI Polynomial Using CRC32 Instruction, 2011). x^(8 * bytes - 33) mod P, as the instruction has bits:
// a product of two such numbers is x times too high, and the instruction multiplies by x^32.
constexpr std::uint32_t power_over(std::size_t bytes) {
  std::uint32_t power = 0x80000000U;
  for (std::size_t i = 0; i < 8 * bytes - 33; ++i)
    power = (power >> 1) ^ ((power & 1) != 0 ? 0x82f63b78U : 0U);
  return power;
}

__attribute__((target("sse4.2"))) inline std::uint64_t add_word(std::uint64_t crc, const char* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, 8);
  return _mm_crc32_u64(crc, word);
}

template <std::size_t kBytes>
__attribute__((target("sse4.2,pclmul"))) inline std::uint64_t over_zeros(std::uint64_t crc) {
  constexpr std::uint32_t kPower = power_over(kBytes);
  const __m128i product = _mm_clmulepi64_si128(_mm_cvtsi64_si128(static_cast<long long>(crc)),
                                               _mm_cvtsi64_si128(static_cast<long long>(kPower)), 0);
  return _mm_crc32_u64(0, static_cast<std::uint64_t>(_mm_cvtsi128_si64(product)));
}

// As many times three stretches as there are.
template <std::size_t kStretch>
__attribute__((target("sse4.2,pclmul"))) inline std::uint64_t by_three(std::uint64_t crc, const char*& at,
                                                                       std::size_t& bytes) {
  for (; bytes >= 3 * kStretch; bytes -= 3 * kStretch, at += 3 * kStretch) {
    std::uint64_t second = 0, third = 0;
    for (std::size_t i = 0; i < kStretch; i += 8) {
      crc = add_word(crc, at + i);
      second = add_word(second, at + kStretch + i);
      third = add_word(third, at + 2 * kStretch + i);
    }
    crc = over_zeros<2 * kStretch>(crc) ^ over_zeros<kStretch>(second) ^ third;
  }
  return crc;
}

__attribute__((target("sse4.2,pclmul"))) std::uint32_t crc32c_clmul(std::uint32_t seed, const char* at,
                                                                    std::size_t bytes) {
  std::uint64_t crc = ~seed;
  crc = by_three<512>(crc, at, bytes);
  crc = by_three<64>(crc, at, bytes);
  for (; bytes >= 8; bytes -= 8, at += 8) crc = add_word(crc, at);
  auto low = static_cast<std::uint32_t>(crc);
  for (; bytes > 0; --bytes, ++at) low = _mm_crc32_u8(low, static_cast<unsigned char>(*at));
  return ~low;
}
#endif

}  // namespace

std::uint32_t crc32c_table(std::uint32_t seed, const void* data, std::size_t bytes) {
  const auto* at = static_cast<const unsigned char*>(data);
  std::uint32_t crc = ~seed;
  for (; bytes > 0; --bytes, ++at) crc = (crc >> 8) ^ kTable[(crc ^ *at) & 0xff];
  return ~crc;
}

std::uint32_t crc32c(std::uint32_t seed, const void* data, std::size_t bytes) {
#if defined(__x86_64__)
  static const bool fast = __builtin_cpu_supports("sse4.2") != 0 && __builtin_cpu_supports("pclmul") != 0;
  if (fast) return crc32c_clmul(seed, static_cast<const char*>(data), bytes);
#endif
  return crc32c_table(seed, data, bytes);
}

}  // namespace plumbline::log
