#include "tests/support/process/process.h"

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <random>
#include <stdexcept>
#include <thread>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace plumbline::test {
namespace {

// True: nobody else on this machine was given the port while this process lives. An abstract address
// (unix(7)) goes with its process and leaves no file.
bool reserve(int port) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = "plumbline-test-port-" + std::to_string(port);
  std::copy(name.begin(), name.end(), address.sun_path + 1);
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd >= 0 && bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0) return true;  // kept open
  if (fd >= 0) close(fd);
  return false;
}

}  // namespace

TempFolder::TempFolder(const std::string& name) {
  std::string pattern = (std::filesystem::temp_directory_path() / ("plumbline-" + name + "-XXXXXX")).string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp " + pattern);
  path_ = pattern;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

// Below the range from which the kernel takes the ports of outgoing connections: one of those could take a
// port away between this look and the server's start, which for a broker is seconds later.
int free_port() {
  int below = 32768;
  std::ifstream("/proc/sys/net/ipv4/ip_local_port_range") >> below;
  constexpr int kFrom = 10000, kTries = 200;
  if (below <= kFrom + kTries) below = 65536;
  std::random_device random;
  for (int i = 0; i < kTries; ++i) {
    const int port = kFrom + static_cast<int>(random() % static_cast<unsigned>(below - kFrom));
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool bound = fd >= 0 && bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    if (fd >= 0) close(fd);
    if (bound && reserve(port)) return port;
  }
  throw std::runtime_error("no free port");
}

bool wait_for(const std::function<bool()>& holds, std::chrono::milliseconds deadline) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
    timespec pause{0, 20'000'000};  // the condition is polled; nothing here assumes how long it takes
    nanosleep(&pause, nullptr);
  }
  return true;
}

Process::Process(ProcessOptions options) : options_(std::move(options)) {}

Process::~Process() {
  if (pid_ > 0) kill9();
}

void Process::start() {
  std::vector<char*> argv;
  for (std::string& word : options_.command) argv.push_back(word.data());
  argv.push_back(nullptr);
  const pid_t parent = getpid();
  const int out = open(options_.output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  pid_ = fork();
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(126);
    for (const auto& [name, value] : options_.environment) setenv(name.c_str(), value.c_str(), 1);
    const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    dup2(nothing, 0);
    dup2(out, 1);
    dup2(out, 2);
    execvp(argv[0], argv.data());
    _exit(127);
  }
  close(out);
}

namespace {

// Of proc(5): the state is behind the name in parentheses, which may hold anything.
bool is_still(const std::filesystem::path& task) {
  std::ifstream in(task / "stat");
  std::string stat;
  std::getline(in, stat);
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos || name_end + 2 >= stat.size()) return true;  // gone
  return std::string_view("TtZX").find(stat[name_end + 2]) != std::string_view::npos;
}

}  // namespace

void pause_process(pid_t pid) {
  if (pid <= 0) return;
  ::kill(pid, SIGSTOP);
  const bool still = wait_for([&] {
    std::error_code gone;
    bool all = true;
    std::filesystem::directory_iterator task("/proc/" + std::to_string(pid) + "/task", gone);
    for (; all && !gone && task != std::filesystem::directory_iterator(); task.increment(gone))
      all = is_still(task->path());
    return all;
  });
  if (!still) throw std::runtime_error("process " + std::to_string(pid) + " does not stop");
}

void Process::signal(int number) const {
  if (pid_ > 0) ::kill(pid_, number);
}

void Process::kill9() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::kill(pid_, SIGCONT);
  waitpid(pid_, &status_, 0);
  pid_ = -1;
}

int Process::terminate(std::chrono::milliseconds deadline) {
  if (pid_ <= 0) return -1;
  ::kill(pid_, SIGTERM);
  if (!wait_for([this] { return !running(); }, deadline)) {
    kill9();
    return -1;
  }
  return WIFEXITED(status_) ? WEXITSTATUS(status_) : -1;
}

bool Process::running() {
  if (pid_ <= 0) return false;
  if (waitpid(pid_, &status_, WNOHANG) == pid_) pid_ = -1;
  return pid_ > 0;
}

std::string Process::output_tail(std::size_t bytes) const {
  std::ifstream file(options_.output, std::ios::ate | std::ios::binary);
  if (!file) return {};
  const auto size = static_cast<std::size_t>(file.tellg());
  file.seekg(static_cast<std::streamoff>(size > bytes ? size - bytes : 0));
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace plumbline::test
