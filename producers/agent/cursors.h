// Where each tailed file was read to, over restarts, rotations and truncations. A file is known by device and
// inode, and is the same file only while its first bytes are: an inode is given to a new file at once.
// Not thread-safe.
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/result.h"

namespace plumbline::agent {

struct Cursor {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t offset = 0;      // of the first byte not taken
  std::uint64_t head_bytes = 0;  // of the fingerprint: up to kHeadBytes, never behind offset
  std::string head_sha256;       // hexadecimal
  bool skipping = false;         // within a line that is too long
  std::string path;              // where it was seen last, for people
};

class Cursors {
 public:
  static constexpr std::uint64_t kHeadBytes = 1024;
  // Rotation keeps a few files; older ones are forgotten, oldest first.
  static constexpr std::size_t kFilesMax = 64;

  // Retryable "cursors": the file is there and is none; the message says what removing it does.
  [[nodiscard]] static Result<Cursors> load(std::filesystem::path file);
  // On disk when it returns.
  [[nodiscard]] Status save() const;

  // Of the file behind `fd`, whose size is `size`: at 0 for one that is new, was truncated, or is another
  // file under an old number. `tail` is the name of the input.
  [[nodiscard]] Result<Cursor*> find(const std::string& tail, int fd, const std::filesystem::path& path);
  // Takes `offset` for read and renews the fingerprint.
  [[nodiscard]] static Status advance(Cursor& cursor, int fd, std::uint64_t offset);
  [[nodiscard]] const std::vector<Cursor>& of(const std::string& tail) const;

 private:
  explicit Cursors(std::filesystem::path file) : file_(std::move(file)) {}
  std::filesystem::path file_;
  std::map<std::string, std::vector<Cursor>> tails_;
};

}  // namespace plumbline::agent
