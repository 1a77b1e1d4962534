// Bytes from the kernel's random source. Thread-safe; a failing source ends the process, for nothing sensible
// is left to do.
#pragma once
#include <cstddef>
#include <string>

namespace plumbline::crypto {

[[nodiscard]] std::string random_bytes(std::size_t count);

// A key id as Plumbline gives them: "key_" and 22 URL-safe characters (128 random bits). Public.
[[nodiscard]] std::string random_key_id();

}  // namespace plumbline::crypto
