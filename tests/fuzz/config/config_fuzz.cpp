// Any bytes as a configuration file: understood or refused with a reason that names the file.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include <sys/mman.h>
#include <unistd.h>

#include "core/config/load.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace plumbline;
  // Secrets come from files: the fuzzer must not read this machine's, nor wait for a device.
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (text.find("_file") != std::string::npos) return 0;
  static const int fd = memfd_create("config", MFD_CLOEXEC);
  static const std::string path = "/proc/self/fd/" + std::to_string(fd);
  if (ftruncate(fd, 0) != 0 || pwrite(fd, data, size, 0) != static_cast<ssize_t>(size)) std::abort();
  const auto loaded = config::load({.file = path});
  if (!loaded) {
    if (loaded.error().message.find(path) == std::string::npos) __builtin_trap();
    return 0;
  }
  if (config::print_text(*loaded).empty()) std::abort();
  return 0;
}
