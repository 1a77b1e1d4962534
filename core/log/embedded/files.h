// The seam under the embedded log: everything that must survive a crash goes through it, so that a simulation
// can lose, tear and refuse writes (sim_files.h). Paths are relative to the log's folder. Thread-safe; one
// File has one writer.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace plumbline::log::embedded {

// What page caches and direct writes count in; at least the block of any file system in use.
inline constexpr std::uint64_t kBlockBytes = 4096;

// Error codes: "no_space" (retryable; ENOSPC, EDQUOT), "not_found" (retryable), "io" (fatal; message has path
// and errno's words).
class File {
 public:
  virtual ~File() = default;
  virtual Status write_at(std::uint64_t at, std::span<const char> bytes) = 0;
  // One behind the other; what is written when it fails is a beginning of all.
  virtual Status write_pieces(std::uint64_t at, std::span<const std::span<const char>> pieces) = 0;
  // Zeros, straight to the disk where the file system can: nobody reads them, so they need no page cache.
  // What is written over them in whole blocks of kBlockBytes is not read back first.
  virtual Status write_zeros(std::uint64_t at, std::uint64_t bytes) = 0;
  virtual Status sync() = 0;  // fdatasync
  [[nodiscard]] virtual std::uint64_t size() = 0;
  // The first `bytes` of the file, also as it grows later; reading past its size is the caller's bug.
  virtual Result<std::shared_ptr<const char>> map(std::size_t bytes) = 0;
};

// Lets go of the pages of [from, to) that File::map gave, the one that `from` lies in included: resident
// memory, not the file's cache, from which they come back when they are touched again. May be called while
// others read there. Nothing happens to other memory.
void forget_pages(const std::shared_ptr<const char>& mapped, std::uint64_t from, std::uint64_t to);

// Brings the pages of [from, to) that File::map gave into memory. Error "io" where they can't be read (a bad
// sector, a file that was cut): touched without asking, they end the process. Other memory is there, and a
// kernel before 5.14 can't be asked.
Status fetch_pages(const std::shared_ptr<const char>& mapped, std::uint64_t from, std::uint64_t to,
                   const std::string& path);

class Files {
 public:
  virtual ~Files() = default;
  virtual Result<std::unique_ptr<File>> open(const std::string& path, bool create) = 0;
  virtual Status make_folder(const std::string& path) = 0;
  virtual Result<std::vector<std::string>> list(const std::string& folder) = 0;  // names, sorted
  virtual Status rename(const std::string& from, const std::string& to) = 0;
  virtual Status remove(const std::string& path) = 0;
  virtual Status sync_folder(const std::string& path) = 0;
  virtual Result<std::string> read(const std::string& path) = 0;
};

// A small file, whole or not at all, durable on return.
Status write_whole(Files& files, const std::string& folder, const std::string& name, std::string_view text);

// The real thing, under `root` (made with mode 0700 when missing). Clients open read-only.
Result<std::unique_ptr<Files>> posix_files(const std::string& root, bool read_only);

}  // namespace plumbline::log::embedded
