// libsodium picks its implementations when it is initialized; every use of it in this folder calls this
// first. Thread-safe.
#pragma once
#include <cstdlib>

#include <sodium.h>

namespace plumbline::crypto {

inline void init_sodium() {
  static const int initialized = sodium_init();
  if (initialized < 0) std::abort();  // no random source: nothing here may go on
}

}  // namespace plumbline::crypto
