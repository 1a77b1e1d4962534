// Small helpers over files: a descriptor with an owner, whole writes, files replaced in one step. Errors are
// retryable with the place and the system's words. Thread-safe.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "core/result.h"

namespace plumbline::agent {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  ~Fd() { reset(); }
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool open() const { return fd_ >= 0; }
  void reset();

 private:
  int fd_ = -1;
};

// Takes the file for this description of it, until that is closed; false when another has it, in this process
// or in another. `fd` is open for writing.
[[nodiscard]] bool take_lock(int fd);
// Whether another description of the file has its lock. Asking takes nothing, so it is in nobody's way.
[[nodiscard]] bool is_locked(int fd);

// "path: what the system says", for errno as it is now.
[[nodiscard]] Error system_error(std::string code, const std::filesystem::path& path);

[[nodiscard]] Status write_all(int fd, std::string_view bytes, const std::filesystem::path& path);
// Up to `size` bytes at `offset`; fewer only at the end of the file.
[[nodiscard]] Result<std::string> read_at(int fd, std::uint64_t offset, std::size_t size,
                                          const std::filesystem::path& path);
// The whole of a small file; empty when it is not there. Retryable "file" over `bytes_max`.
[[nodiscard]] Result<std::string> read_small(const std::filesystem::path& path, std::size_t bytes_max);
// Mode 0600, through a file beside it, on disk before it returns when `durable`.
[[nodiscard]] Status replace_file(const std::filesystem::path& path, std::string_view text, bool durable);
// In place: for what is worth more half than old. Retryable "file" where there is none yet.
[[nodiscard]] Status overwrite_file(const std::filesystem::path& path, std::string_view text);
// Mode 0700; missing parents too.
[[nodiscard]] Status make_folder(const std::filesystem::path& path);
// So that files made or removed in it survive a power cut.
[[nodiscard]] Status sync_folder(const std::filesystem::path& path);

}  // namespace plumbline::agent
