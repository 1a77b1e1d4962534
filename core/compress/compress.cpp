#include "core/compress/compress.h"

#include <algorithm>

#include <zlib.h>
#include <zstd.h>

namespace plumbline::compress {
namespace {

// A zstd window is memory that the sender chooses: 8 MiB is what RFC 8878 asks every decoder to support.
constexpr int kZstdWindowLogMax = 23;
// Traces and reports, whose ids are random, shrink 10- to 60-fold, zeros 1,000-fold (gzip) and more: what
// grows faster than this is made to fill memory, and is told before it has filled much.
constexpr std::size_t kGrowthMax = 256;
constexpr std::size_t kGrowthFreeBytes = std::size_t{2} << 20;
constexpr int kGzipOnly = 15 + 16;  // zlib: the largest window, a gzip header, nothing else

Error too_large(std::size_t bytes_max) {
  return poison("too_large", "the body is over " + std::to_string(bytes_max) + " bytes after decompression");
}
bool is_bomb(std::size_t in, std::size_t out) {
  return out > kGrowthFreeBytes && out / kGrowthMax > in;
}
Error bomb() {
  return poison("too_large", "the body grows more than " + std::to_string(kGrowthMax) +
                                 "-fold when it is decompressed; send it in parts or uncompressed");
}
Error bad(std::string_view what) {
  return poison("bad_encoding", "the body is not " + std::string(what));
}

// Room for the next piece of output: grows by half, never past one byte over the limit (which shows a bomb).
std::size_t make_room(PaddedBuffer& out, std::size_t used, std::size_t in_size, std::size_t bytes_max) {
  const std::size_t step = std::max<std::size_t>({std::size_t{4096}, in_size * 4, used / 2});
  const std::size_t end = std::min(used + std::min(step, kGrowthFreeBytes), bytes_max + 1);
  out.resize(std::max(end, std::min(out.capacity(), bytes_max + 1)));
  return out.size() - used;
}

Bytef* bytes_of(char* data) {
  return reinterpret_cast<Bytef*>(data);
}

}  // namespace

struct Decompressor::Impl {
  z_stream gzip{};
  bool gzip_ready = false;
  ZSTD_DCtx* zstd = nullptr;

  ~Impl() {
    if (gzip_ready) inflateEnd(&gzip);
    ZSTD_freeDCtx(zstd);
  }
  Status run_gzip(std::string_view in, PaddedBuffer& out, std::size_t bytes_max);
  Status run_zstd(std::string_view in, PaddedBuffer& out, std::size_t bytes_max);
};

Decompressor::Decompressor() : impl_(std::make_unique<Impl>()) {}
Decompressor::~Decompressor() = default;

Status Decompressor::run(Encoding encoding, std::string_view in, PaddedBuffer& out, std::size_t bytes_max) {
  out.clear();
  return encoding == Encoding::kGzip ? impl_->run_gzip(in, out, bytes_max)
                                     : impl_->run_zstd(in, out, bytes_max);
}

Status Decompressor::Impl::run_gzip(std::string_view in, PaddedBuffer& out, std::size_t bytes_max) {
  if (!gzip_ready && inflateInit2(&gzip, kGzipOnly) != Z_OK) return fatal("no_memory", "inflateInit2 failed");
  gzip_ready = true;
  if (inflateReset2(&gzip, kGzipOnly) != Z_OK) return fatal("zlib", "inflateReset2 failed");
  gzip.next_in = bytes_of(const_cast<char*>(in.data()));  // zlib's z_const is off; it only reads
  gzip.avail_in = static_cast<uInt>(in.size());
  std::size_t used = 0;
  while (true) {
    const std::size_t room = make_room(out, used, in.size(), bytes_max);
    gzip.next_out = bytes_of(out.data() + used);
    gzip.avail_out = static_cast<uInt>(room);
    const int code = inflate(&gzip, Z_NO_FLUSH);
    used += room - gzip.avail_out;
    if (used > bytes_max) return out.clear(), too_large(bytes_max);
    if (is_bomb(in.size() - gzip.avail_in, used)) return out.clear(), bomb();
    if (code == Z_STREAM_END) {
      if (gzip.avail_in == 0) break;
      if (inflateReset2(&gzip, kGzipOnly) != Z_OK)
        return fatal("zlib", "inflateReset2 failed");  // the next member
    } else if (code != Z_OK || (gzip.avail_in == 0 && gzip.avail_out != 0)) {
      return out.clear(), bad("whole, valid gzip");
    }
  }
  out.resize(used);
  return ok_status();
}

Status Decompressor::Impl::run_zstd(std::string_view in, PaddedBuffer& out, std::size_t bytes_max) {
  if (zstd == nullptr) zstd = ZSTD_createDCtx();
  if (zstd == nullptr) return fatal("no_memory", "ZSTD_createDCtx failed");
  ZSTD_DCtx_reset(zstd, ZSTD_reset_session_only);
  ZSTD_DCtx_setParameter(zstd, ZSTD_d_windowLogMax, kZstdWindowLogMax);
  ZSTD_inBuffer input{in.data(), in.size(), 0};
  std::size_t used = 0;
  std::size_t hint = 1;  // 0: exactly at the end of a frame
  while (hint != 0 || input.pos < input.size) {
    const std::size_t room = make_room(out, used, in.size(), bytes_max);
    ZSTD_outBuffer output{out.data() + used, room, 0};
    const std::size_t consumed = input.pos;
    hint = ZSTD_decompressStream(zstd, &output, &input);
    used += output.pos;
    if (used > bytes_max) return out.clear(), too_large(bytes_max);
    if (is_bomb(input.pos, used)) return out.clear(), bomb();
    const bool stuck = hint != 0 && input.pos == consumed && output.pos == 0;
    const bool cut = hint != 0 && input.pos == input.size && output.pos < output.size;
    if (ZSTD_isError(hint) != 0 || stuck || cut)
      return out.clear(), bad("whole, valid zstd (window at most 8 MiB)");
  }
  out.resize(used);
  return ok_status();
}

namespace {

Result<std::string> gzip_of(std::string_view in, int level) {
  z_stream stream{};
  if (deflateInit2(&stream, level == 0 ? Z_DEFAULT_COMPRESSION : level, Z_DEFLATED, kGzipOnly, 8,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    return fatal("zlib", "deflateInit2 failed");
  }
  std::string out(deflateBound(&stream, static_cast<uLong>(in.size())) + 32, '\0');
  stream.next_in = bytes_of(const_cast<char*>(in.data()));
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = bytes_of(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int code = deflate(&stream, Z_FINISH);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  if (code != Z_STREAM_END) return fatal("zlib", "deflate did not finish");
  return out;
}

}  // namespace

struct Compressor::Impl {
  explicit Impl(int with) : level(with == 0 ? ZSTD_CLEVEL_DEFAULT : with) {}
  ~Impl() { ZSTD_freeCCtx(context); }
  const int level;
  ZSTD_CCtx* context = nullptr;
};

Compressor::Compressor(int level) : impl_(std::make_unique<Impl>(level)) {}
Compressor::~Compressor() = default;

Status Compressor::run(std::string_view in, std::string& out) {
  if (impl_->context == nullptr) impl_->context = ZSTD_createCCtx();
  if (impl_->context == nullptr) return fatal("no_memory", "ZSTD_createCCtx failed");
  const std::size_t before = out.size();
  out.resize(before + ZSTD_compressBound(in.size()));
  const std::size_t size = ZSTD_compressCCtx(impl_->context, out.data() + before, out.size() - before,
                                             in.data(), in.size(), impl_->level);
  out.resize(before + (ZSTD_isError(size) != 0 ? 0 : size));
  return ZSTD_isError(size) != 0 ? Status(fatal("zstd", ZSTD_getErrorName(size))) : ok_status();
}

Result<std::string> compress(Encoding encoding, std::string_view in, int level) {
  if (encoding == Encoding::kGzip) return gzip_of(in, level);
  std::string out(ZSTD_compressBound(in.size()), '\0');
  const std::size_t size =
      ZSTD_compress(out.data(), out.size(), in.data(), in.size(), level == 0 ? ZSTD_CLEVEL_DEFAULT : level);
  if (ZSTD_isError(size) != 0) return fatal("zstd", ZSTD_getErrorName(size));
  out.resize(size);
  return out;
}

}  // namespace plumbline::compress
