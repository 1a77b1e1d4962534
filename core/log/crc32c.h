// CRC-32C (Castagnoli; RFC 3720 appendix B.4): SSE 4.2 and PCLMULQDQ where the processor has them, a table
// elsewhere.
// Thread-safe.
#pragma once
#include <cstddef>
#include <cstdint>

namespace plumbline::log {

// Continues `seed` (the result of an earlier call, 0 at first).
[[nodiscard]] std::uint32_t crc32c(std::uint32_t seed, const void* data, std::size_t bytes);
// The same by table; public so that a test compares both.
[[nodiscard]] std::uint32_t crc32c_table(std::uint32_t seed, const void* data, std::size_t bytes);

}  // namespace plumbline::log
