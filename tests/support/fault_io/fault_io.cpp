// A library for LD_PRELOAD: the real process meets a bad disk, a kill at a chosen write and a wrong clock.
//
//   FAULT_IO_FOLDER     what lies below it counts (a whole path)
//   FAULT_IO_KILL_AT    SIGKILL at this call (from 1) of those that change the folder
//   FAULT_IO_TORN       of a write at that call, so many percent of its bytes are written first
//   FAULT_IO_BYTES_MAX  the folder's files together hold no more: ENOSPC, as on a disk of that size
//   FAULT_IO_CLOCK_S    added to the wall clock
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

namespace {

constexpr std::size_t kPathMax = 4096;

std::int64_t number_of(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? 0 : std::strtoll(text, nullptr, 10);
}

const char* folder() {
  static const char* const path = std::getenv("FAULT_IO_FOLDER");
  return path;
}

template <typename Function>
Function next(const char* name) {
  void* const found = dlsym(RTLD_NEXT, name);
  Function function;
  std::memcpy(&function, &found, sizeof function);
  return function;
}

bool is_below(const char* path) {
  return folder() != nullptr && std::strncmp(path, folder(), std::strlen(folder())) == 0;
}

bool is_below(int fd) {
  if (folder() == nullptr) return false;
  char link[64] = "/proc/self/fd/", path[kPathMax];
  char* at = link + std::strlen(link);
  char digits[16];
  int count = 0;
  for (int left = fd; left > 0 || count == 0; left /= 10)
    digits[count++] = static_cast<char>('0' + left % 10);
  while (count > 0) *at++ = digits[--count];
  *at = '\0';
  const ssize_t size = readlink(link, path, sizeof path - 1);
  if (size <= 0) return false;
  path[size] = '\0';
  return is_below(path);
}

// True when this call is the one to die at.
bool is_the_last() {
  static const std::int64_t kill_at = number_of("FAULT_IO_KILL_AT");
  static std::atomic<std::int64_t> calls{0};
  return kill_at > 0 && ++calls == kill_at;
}

[[noreturn]] void die() {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

void boundary(bool counts) {
  if (counts && is_the_last()) die();
}

std::int64_t bytes_below(const char* path) {
  DIR* const open = opendir(path);
  if (open == nullptr) return 0;
  std::int64_t bytes = 0;
  while (const dirent* entry = readdir(open)) {
    if (std::strcmp(entry->d_name, ".") == 0 || std::strcmp(entry->d_name, "..") == 0) continue;
    char below[kPathMax];
    if (std::snprintf(below, sizeof below, "%s/%s", path, entry->d_name) >= static_cast<int>(sizeof below))
      continue;
    struct stat facts {};
    if (lstat(below, &facts) != 0) continue;
    bytes += S_ISDIR(facts.st_mode) ? bytes_below(below) : facts.st_size;
  }
  closedir(open);
  return bytes;
}

}  // namespace

extern "C" {

ssize_t write(int fd, const void* bytes, size_t size) {
  static const auto real = next<ssize_t (*)(int, const void*, size_t)>("write");
  static const std::int64_t bytes_max = number_of("FAULT_IO_BYTES_MAX");
  static const std::int64_t torn = number_of("FAULT_IO_TORN");
  if (!is_below(fd)) return real(fd, bytes, size);
  if (is_the_last()) {
    [[maybe_unused]] const ssize_t part = real(fd, bytes, size * static_cast<std::size_t>(torn) / 100);
    die();
  }
  if (bytes_max > 0) {
    static std::mutex mutex;
    const std::lock_guard lock(mutex);
    const std::int64_t left = bytes_max - bytes_below(folder());
    if (left <= 0) {
      errno = ENOSPC;
      return -1;
    }
    return real(fd, bytes, size < static_cast<std::size_t>(left) ? size : static_cast<std::size_t>(left));
  }
  return real(fd, bytes, size);
}

int fdatasync(int fd) {
  static const auto real = next<int (*)(int)>("fdatasync");
  boundary(is_below(fd));
  return real(fd);
}

int fsync(int fd) {
  static const auto real = next<int (*)(int)>("fsync");
  boundary(is_below(fd));
  return real(fd);
}

int ftruncate(int fd, off_t size) noexcept {
  static const auto real = next<int (*)(int, off_t)>("ftruncate");
  boundary(is_below(fd));
  return real(fd, size);
}

int rename(const char* from, const char* to) noexcept {
  static const auto real = next<int (*)(const char*, const char*)>("rename");
  boundary(is_below(from));
  return real(from, to);
}

int unlink(const char* path) noexcept {
  static const auto real = next<int (*)(const char*)>("unlink");
  boundary(is_below(path));
  return real(path);
}

int open(const char* path, int flags, ...) {
  static const auto real = next<int (*)(const char*, int, ...)>("open");
  va_list more;
  va_start(more, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
  va_end(more);
  boundary((flags & O_CREAT) != 0 && is_below(path));
  return real(path, flags, mode);
}

int clock_gettime(clockid_t clock, timespec* out) noexcept {
  static const auto real = next<int (*)(clockid_t, timespec*)>("clock_gettime");
  static const std::int64_t shift_s = number_of("FAULT_IO_CLOCK_S");
  const int result = real(clock, out);
  if (result == 0 && clock == CLOCK_REALTIME) out->tv_sec += shift_s;
  return result;
}

int gettimeofday(timeval* out, void* zone) noexcept {
  static const auto real = next<int (*)(timeval*, void*)>("gettimeofday");
  static const std::int64_t shift_s = number_of("FAULT_IO_CLOCK_S");
  const int result = real(out, zone);
  if (result == 0) out->tv_sec += shift_s;
  return result;
}

time_t time(time_t* out) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != nullptr) *out = now.tv_sec;
  return now.tv_sec;
}

}  // extern "C"
