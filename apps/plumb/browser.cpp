#include "apps/plumb/browser.h"

#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

namespace plumbline::client {
namespace {

std::string program(const push::Environment& environment) {
  const auto set = [&environment](const char* name) { return !environment(name).value_or("").empty(); };
  if (set("BROWSER")) {
    const std::string list = environment("BROWSER").value_or("");
    return list.substr(0, list.find(':'));
  }
  return set("DISPLAY") || set("WAYLAND_DISPLAY") ? "xdg-open" : "";
}

}  // namespace

void open_browser(const std::string& address, const push::Environment& environment) {
  std::string name = program(environment), argument = address;
  if (name.empty()) return;
  char* const words[] = {name.data(), argument.data(), nullptr};
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&files);
  posix_spawnattr_init(&attributes);
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    posix_spawn_file_actions_addopen(&files, fd, "/dev/null", O_RDWR, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);  // ending plumb ends no browser
  pid_t child = 0;
  (void)posix_spawnp(&child, name.c_str(), &files, &attributes, words, environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
}

}  // namespace plumbline::client
