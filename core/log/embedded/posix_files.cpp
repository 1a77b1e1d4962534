#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/log/embedded/files.h"

namespace plumbline::log::embedded {
namespace {

Error failure(const std::string& what, const std::string& path) {
  const int number = errno;
  const std::string message = "cannot " + what + " " + path + ": " + std::strerror(number);
  if (number == ENOSPC || number == EDQUOT)
    return retryable("no_space", message + "; free space on that disk");
  if (number == ENOENT) return retryable("not_found", message);
  return fatal("io", message);
}

struct Unmap {
  void* at;
  std::size_t bytes;
  void operator()(const char* /*at*/) const { munmap(at, bytes); }
};

// At a time through the cache, and at most past it.
constexpr std::size_t kZeroBytes = std::size_t{64} << 10;
constexpr std::size_t kZeroBytesMax = std::size_t{1} << 20;

// kZeroBytesMax of them. Never written: they are the kernel's one huge page of zeros where it has one, which
// it hands to a disk in one piece, else its one page over and over.
const char* zeros() {
  static const char* const kZeros = [] {
    constexpr std::size_t kHuge = std::size_t{2} << 20;
    void* at = mmap(nullptr, 2 * kHuge, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) {
      alignas(kBlockBytes) static char small[kZeroBytesMax];  // not const: no MiB of the program
      return static_cast<const char*>(small);
    }
    const auto address = reinterpret_cast<std::uintptr_t>(at);
    char* aligned = static_cast<char*>(at) + ((address + kHuge - 1) / kHuge * kHuge - address);
    (void)madvise(aligned, kHuge, MADV_HUGEPAGE);
    return static_cast<const char*>(aligned);
  }();
  return kZeros;
}

class PosixFile final : public File {
 public:
  PosixFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  ~PosixFile() override { close(fd_); }
  PosixFile(const PosixFile&) = delete;
  PosixFile& operator=(const PosixFile&) = delete;

  Status write_at(std::uint64_t at, std::span<const char> bytes) override {
    while (!bytes.empty()) {
      const ssize_t n = pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(at));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return failure("write", path_);
      bytes = bytes.subspan(static_cast<std::size_t>(n));
      at += static_cast<std::uint64_t>(n);
    }
    return ok_status();
  }
  Status write_pieces(std::uint64_t at, std::span<const std::span<const char>> pieces) override {
    std::array<iovec, 256> vectors;
    while (!pieces.empty()) {
      const auto now = pieces.first(std::min(pieces.size(), vectors.size()));
      std::transform(now.begin(), now.end(), vectors.begin(), [](std::span<const char> piece) {
        return iovec{const_cast<char*>(piece.data()), piece.size()};  // only read
      });
      const ssize_t n = pwritev(fd_, vectors.data(), static_cast<int>(now.size()), static_cast<off_t>(at));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return failure("write", path_);
      at += static_cast<std::uint64_t>(n);
      auto left = static_cast<std::size_t>(n);
      while (!pieces.empty() && left >= pieces.front().size()) {
        left -= pieces.front().size();
        pieces = pieces.subspan(1);
      }
      if (left == 0) continue;
      const auto rest = pieces.front().subspan(left);  // a write that stopped within it
      if (Status s = write_at(at, rest); !s) return s;
      at += rest.size();
      pieces = pieces.subspan(1);
    }
    return ok_status();
  }
  Status write_zeros(std::uint64_t at, std::uint64_t bytes) override {
    const std::uint64_t end = at + bytes;
    // Whole pages: what goes past the cache must share none with what is in it.
    static const auto page =
        std::max<std::uint64_t>(kBlockBytes, static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)));
    const std::uint64_t whole_from = std::min(end, (at + page - 1) / page * page);
    const std::uint64_t whole_to = std::max(whole_from, end / page * page);
    if (Status s = zeros_through_cache(at, whole_from); !s) return s;
    std::uint64_t direct_to = whole_from;
    if (whole_from < whole_to && direct_) {
      if (Status s = zeros_direct(direct_to, whole_to); !s) return s;
    }
    return zeros_through_cache(direct_to, end);
  }
  Status sync() override { return fdatasync(fd_) == 0 ? ok_status() : Status(failure("sync", path_)); }
  std::uint64_t size() override {
    struct stat info {};
    return fstat(fd_, &info) == 0 ? static_cast<std::uint64_t>(info.st_size) : 0;
  }
  Result<std::shared_ptr<const char>> map(std::size_t bytes) override {
    void* at = mmap(nullptr, bytes, PROT_READ, MAP_SHARED, fd_, 0);
    if (at == MAP_FAILED) return failure("map", path_);
    return std::shared_ptr<const char>(static_cast<const char*>(at), Unmap{at, bytes});
  }

 private:
  Status zeros_through_cache(std::uint64_t at, std::uint64_t end) {
    for (; at < end; at += std::min<std::uint64_t>(kZeroBytes, end - at)) {
      if (Status s = write_at(at, {zeros(), std::min<std::size_t>(kZeroBytes, end - at)}); !s) return s;
    }
    return ok_status();
  }

  // Moves `at` as far as zeros were written; no further, and never again, where the file system refuses.
  Status zeros_direct(std::uint64_t& at, std::uint64_t end) {
    const int flags = fcntl(fd_, F_GETFL);
    direct_ = flags >= 0 && fcntl(fd_, F_SETFL, flags | O_DIRECT) == 0;
    Status written = ok_status();
    while (direct_ && at < end) {
      const std::size_t piece = std::min<std::uint64_t>(direct_bytes_, end - at);
      const auto begun = std::chrono::steady_clock::now();
      const ssize_t n = pwrite(fd_, zeros(), piece, static_cast<off_t>(at));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && (errno == ENOSPC || errno == EDQUOT)) {
        written = failure("write", path_);
        break;
      }
      // Whatever else is wrong, the cache will say: or take it, where only this way is not known.
      if (n < 0) direct_ = false;
      if (n > 0) at += static_cast<std::uint64_t>(n);
      if (n == static_cast<ssize_t>(direct_bytes_)) fit_piece(std::chrono::steady_clock::now() - begun);
      // A short write ends within a block only when the disk is full: the rest of it is for the cache.
      if (at % kBlockBytes != 0) break;
    }
    if (flags >= 0) (void)fcntl(fd_, F_SETFL, flags);
    return written;
  }

  // Records wait at the file's lock while a piece is written: no longer than they wait for a sync anyway. A
  // larger piece costs as much of a processor as a small one.
  void fit_piece(std::chrono::steady_clock::duration took) {
    if (took > std::chrono::milliseconds(2)) {
      direct_bytes_ = std::max(direct_bytes_ / 2, kZeroBytes);
    } else if (took < std::chrono::microseconds(700)) {
      direct_bytes_ = std::min(direct_bytes_ * 2, kZeroBytesMax);
    }
  }

  int fd_;
  std::string path_;
  bool direct_ = true;                         // until the file system says no
  std::size_t direct_bytes_ = 4 * kZeroBytes;  // in one piece past the cache
};

class PosixFiles final : public Files {
 public:
  PosixFiles(std::string root, bool read_only) : root_(std::move(root)), read_only_(read_only) {}

  Result<std::unique_ptr<File>> open(const std::string& path, bool create) override {
    const int flags = (read_only_ ? O_RDONLY : O_RDWR) | O_CLOEXEC | (create ? O_CREAT : 0);
    const int fd = ::open(at(path).c_str(), flags, 0600);
    if (fd < 0) return failure("open", at(path));
    return std::unique_ptr<File>(std::make_unique<PosixFile>(fd, at(path)));
  }
  Status make_folder(const std::string& path) override {
    if (mkdir(at(path).c_str(), 0700) == 0 || errno == EEXIST) return ok_status();
    return failure("make folder", at(path));
  }
  Result<std::vector<std::string>> list(const std::string& folder) override {
    DIR* dir = opendir(at(folder).c_str());
    if (dir == nullptr) return failure("list", at(folder));
    std::vector<std::string> names;
    while (const dirent* entry = readdir(dir)) {
      if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
    }
    closedir(dir);
    std::sort(names.begin(), names.end());
    return names;
  }
  Status rename(const std::string& from, const std::string& to) override {
    if (::rename(at(from).c_str(), at(to).c_str()) == 0) return ok_status();
    return failure("rename", at(from));
  }
  Status remove(const std::string& path) override {
    if (unlink(at(path).c_str()) == 0 || errno == ENOENT) return ok_status();
    return failure("remove", at(path));
  }
  Status sync_folder(const std::string& path) override {
    const int fd = ::open(at(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return failure("open folder", at(path));
    const bool synced = fsync(fd) == 0;
    Status status = synced ? ok_status() : Status(failure("sync folder", at(path)));
    close(fd);
    return status;
  }
  Result<std::string> read(const std::string& path) override {
    const int fd = ::open(at(path).c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return failure("open", at(path));
    std::string text;
    char buffer[4096];
    ssize_t n = 0;
    while ((n = ::read(fd, buffer, sizeof buffer)) > 0) text.append(buffer, static_cast<std::size_t>(n));
    Result<std::string> result =
        n < 0 ? Result<std::string>(failure("read", at(path))) : Result<std::string>(text);
    close(fd);
    return result;
  }

 private:
  [[nodiscard]] std::string at(const std::string& path) const {
    return path.empty() ? root_ : root_ + "/" + path;
  }
  std::string root_;
  bool read_only_;
};

}  // namespace

void forget_pages(const std::shared_ptr<const char>& mapped, std::uint64_t from, std::uint64_t to) {
  const auto* mapping = std::get_deleter<Unmap>(mapped);
  if (mapping == nullptr) return;
  static const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  from = from / page * page;
  to = std::min<std::uint64_t>(to, mapping->bytes) / page * page;
  if (from < to) (void)madvise(static_cast<char*>(mapping->at) + from, to - from, MADV_DONTNEED);
}

Status fetch_pages(const std::shared_ptr<const char>& mapped, std::uint64_t from, std::uint64_t to,
                   const std::string& path) {
  const auto* mapping = std::get_deleter<Unmap>(mapped);
  if (mapping == nullptr || from >= to) return ok_status();
  static const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  const std::uint64_t first = from / page * page;
  const std::uint64_t end = std::min<std::uint64_t>(to, mapping->bytes);
  if (first >= end) return ok_status();
  if (madvise(static_cast<char*>(mapping->at) + first, end - first, MADV_POPULATE_READ) == 0)
    return ok_status();
  if (errno != EFAULT && errno != EHWPOISON) return ok_status();  // it could not be asked
  return fatal("io",
               "cannot read " + path + " between bytes " + std::to_string(first) + " and " +
                   std::to_string(end) +
                   ": the disk gives them no more, or the file was cut. Restore the log's folder from a "
                   "backup; nothing was skipped");
}

Status write_whole(Files& files, const std::string& folder, const std::string& name, std::string_view text) {
  const std::string path = folder + "/" + name;
  if (Status s = files.remove(path + ".tmp"); !s) return s;
  auto file = files.open(path + ".tmp", true);
  if (!file) return file.error();
  if (Status s = (*file)->write_at(0, text); !s) return s;
  if (Status s = (*file)->sync(); !s) return s;
  if (Status s = files.rename(path + ".tmp", path); !s) return s;
  return files.sync_folder(folder);
}

Result<std::unique_ptr<Files>> posix_files(const std::string& root, bool read_only) {
  if (!read_only) {
    for (std::size_t slash = root.find('/', 1); slash != std::string::npos;
         slash = root.find('/', slash + 1)) {
      mkdir(root.substr(0, slash).c_str(), 0700);
    }
    if (mkdir(root.c_str(), 0700) != 0 && errno != EEXIST) return failure("make folder", root);
  }
  return std::unique_ptr<Files>(std::make_unique<PosixFiles>(root, read_only));
}

}  // namespace plumbline::log::embedded
