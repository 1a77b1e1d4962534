// gzip (RFC 1952) and zstd (RFC 8878) with a hard limit on what comes out, so that a bomb stops at the limit.
// zlib and libzstd are included only in this folder's .cpp files.
#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "core/padded_buffer.h"
#include "core/result.h"

namespace plumbline::compress {

enum class Encoding { kGzip, kZstd };

// A decompressor with its tables kept from call to call. Not thread-safe: one per worker.
class Decompressor {
 public:
  Decompressor();
  ~Decompressor();
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;

  // Replaces `out` with the decompressed `in`; several gzip members or zstd frames in a row are one text.
  // Poison: "too_large" (more than `bytes_max` comes out, or far more than any text gives), "bad_encoding"
  // (damaged, cut short, or followed by anything else).
  Status run(Encoding encoding, std::string_view in, PaddedBuffer& out, std::size_t bytes_max);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// A zstd compressor with its tables kept from call to call (about 1 MiB from the first call on; little of it
// is touched by small texts). Not thread-safe: one per worker.
class Compressor {
 public:
  // A level of zstd's: 1 is its fastest that still searches; 0 is the library's default.
  explicit Compressor(int level = 0);
  ~Compressor();
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;

  // Appends one frame to `out`. Fatal: out of memory.
  Status run(std::string_view in, std::string& out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// For clients and tests. Level 0 is the library's default.
[[nodiscard]] Result<std::string> compress(Encoding encoding, std::string_view in, int level = 0);

}  // namespace plumbline::compress
