// How long the machine's own disk stood still: small writes with fdatasync, all the time. What others do to a
// shared disk is no fault of ours, and no part of how long we take to recover.
#pragma once
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

namespace plumbline::tests {

// Thread-safe.
class DiskProbe {
 public:
  using Clock = std::chrono::steady_clock;

  explicit DiskProbe(const std::filesystem::path& folder)
      : fd_(::open((folder / "disk-probe").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600)) {
    if (fd_ < 0) throw std::runtime_error("no file to probe the disk with in " + folder.string());
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }
  ~DiskProbe() {
    thread_.request_stop();
    thread_.join();
    ::close(fd_);
  }
  DiskProbe(const DiskProbe&) = delete;
  DiskProbe& operator=(const DiskProbe&) = delete;

  // Seconds so far in which one write and fdatasync took more than kPatience.
  [[nodiscard]] double stalled_s() {
    const std::lock_guard lock(mutex_);
    double all = stalled_s_;
    if (busy_ && Clock::now() - began_ > kPatience)
      all += std::chrono::duration<double>(Clock::now() - began_).count();
    return all;
  }

 private:
  static constexpr std::chrono::milliseconds kPatience{500};

  void run(const std::stop_token& stop) {
    const std::string block(4096, 'x');
    std::condition_variable_any never;
    while (!stop.stop_requested()) {
      {
        const std::lock_guard lock(mutex_);
        began_ = Clock::now();
        busy_ = true;
      }
      const bool done = ::pwrite(fd_, block.data(), block.size(), 0) > 0 && ::fdatasync(fd_) == 0;
      std::unique_lock lock(mutex_);
      busy_ = false;
      const auto took = Clock::now() - began_;
      if (done && took > kPatience) stalled_s_ += std::chrono::duration<double>(took).count();
      never.wait_for(lock, stop, std::chrono::milliseconds(50), [] { return false; });
    }
  }

  const int fd_;
  std::mutex mutex_;
  Clock::time_point began_;
  bool busy_ = false;
  double stalled_s_ = 0;
  std::jthread thread_;
};

}  // namespace plumbline::tests
