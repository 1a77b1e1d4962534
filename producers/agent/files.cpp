#include "producers/agent/files.h"

#include <cerrno>
#include <cstring>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace plumbline::agent {

void Fd::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

// Locks of the open file description (fcntl(2)): the others of fcntl go when any descriptor of the file is
// closed, and flock(2) has no way to ask without taking.
bool take_lock(int fd) {
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  return ::fcntl(fd, F_OFD_SETLK, &whole) == 0;
}

bool is_locked(int fd) {
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  return ::fcntl(fd, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
}

Error system_error(std::string code, const std::filesystem::path& path) {
  return retryable(std::move(code), path.string() + ": " + std::generic_category().message(errno));
}

Status write_all(int fd, std::string_view bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0) {
      if (errno == EINTR) continue;
      return system_error("file", path);
    }
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return ok_status();
}

Result<std::string> read_at(int fd, std::uint64_t offset, std::size_t size,
                            const std::filesystem::path& path) {
  std::string out(size, '\0');
  std::size_t got = 0;
  while (got < size) {
    const ssize_t n = ::pread(fd, out.data() + got, size - got, static_cast<off_t>(offset + got));
    if (n < 0) {
      if (errno == EINTR) continue;
      return system_error("file", path);
    }
    if (n == 0) break;
    got += static_cast<std::size_t>(n);
  }
  out.resize(got);
  return out;
}

Result<std::string> read_small(const std::filesystem::path& path, std::size_t bytes_max) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.open()) {
    if (errno == ENOENT) return std::string();
    return system_error("file", path);
  }
  auto text = read_at(fd.get(), 0, bytes_max + 1, path);
  if (text && text->size() > bytes_max)
    return retryable("file", path.string() + " is over " + std::to_string(bytes_max) + " bytes");
  return text;
}

Status replace_file(const std::filesystem::path& path, std::string_view text, bool durable) {
  const std::filesystem::path fresh = path.string() + ".new";
  {
    const Fd fd(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!fd.open()) return system_error("file", fresh);
    if (Status written = write_all(fd.get(), text, fresh); !written) return written;
    if (durable && ::fdatasync(fd.get()) != 0) return system_error("file", fresh);
  }
  if (::rename(fresh.c_str(), path.c_str()) != 0) return system_error("file", path);
  return durable ? sync_folder(path.parent_path()) : ok_status();
}

Status overwrite_file(const std::filesystem::path& path, std::string_view text) {
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd.open()) return system_error("file", path);
  if (Status written = write_all(fd.get(), text, path); !written) return written;
  return ::ftruncate(fd.get(), static_cast<off_t>(text.size())) == 0 ? ok_status()
                                                                     : system_error("file", path);
}

Status make_folder(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return ok_status();
  if (path.has_parent_path() && path.parent_path() != path) {
    if (Status parent = make_folder(path.parent_path()); !parent) return parent;
  }
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return system_error("file", path);
  return ok_status();
}

Status sync_folder(const std::filesystem::path& path) {
  const Fd fd(::open(path.empty() ? "." : path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.open() || ::fsync(fd.get()) != 0) return system_error("file", path);
  return ok_status();
}

}  // namespace plumbline::agent
