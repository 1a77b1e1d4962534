// Durable appends a second of 600 B records at N concurrent producers, each with one record in flight: the
// embedded log against a bare preallocated file with one write and one fdatasync a group of N (nothing else:
// no CRC, no index, no threads). usage: append_bench DIR SECONDS; prints one JSON object a line.
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "bench/load/figures.h"
#include "core/log/embedded/embedded_log.h"

namespace plumbline {
namespace {

using Steady = std::chrono::steady_clock;
constexpr std::size_t kRecordBytes = 600;

void report(const char* what, int producers, std::uint64_t appends, double seconds, double cpu,
            std::vector<float>& latency_ms) {
  std::sort(latency_ms.begin(), latency_ms.end());
  const float p99 = latency_ms.empty() ? 0 : latency_ms[latency_ms.size() * 99 / 100];
  fmt::print(R"({{"what":"{}","producers":{},"appends_s":{:.0f},"cpu_us":{:.3f},"p99_ms":{:.3f}}})"
             "\n",
             what, producers, static_cast<double>(appends) / seconds,
             cpu * 1e6 / static_cast<double>(appends), p99);
  std::fflush(stdout);
}

void bare_file(const std::string& dir, int group, double seconds) {
  const std::string path = dir + "/bare";
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const std::string zeros(8 << 20, '\0');
  constexpr off_t kFileBytes = off_t{512} << 20;
  for (off_t at = 0; at < kFileBytes; at += static_cast<off_t>(zeros.size())) {
    if (pwrite(fd, zeros.data(), zeros.size(), at) < 0) std::exit(1);
  }
  fsync(fd);
  const std::string block(kRecordBytes * static_cast<std::size_t>(group), 'x');
  std::vector<float> latency_ms;
  std::uint64_t appends = 0;
  off_t at = 0;
  const double cpu = bench::own_cpu_seconds();
  const auto begin = Steady::now();
  const auto end = begin + std::chrono::duration<double>(seconds);
  while (Steady::now() < end) {
    const auto start = Steady::now();
    if (at + static_cast<off_t>(block.size()) > kFileBytes) at = 0;
    if (pwrite(fd, block.data(), block.size(), at) < 0 || fdatasync(fd) != 0) std::exit(1);
    at += static_cast<off_t>(block.size());
    appends += static_cast<std::uint64_t>(group);
    latency_ms.push_back(std::chrono::duration<float, std::milli>(Steady::now() - start).count());
  }
  report("bare", group, appends, std::chrono::duration<double>(Steady::now() - begin).count(),
         bench::own_cpu_seconds() - cpu, latency_ms);
  close(fd);
  unlink(path.c_str());
}

// One thread drives all producers, as an edge worker drives its requests: whatever was acked is appended
// again in one turn.
class Turns final : public log::AckListener {
 public:
  void on_acks(std::span<const log::Ack> acks) noexcept override {
    const std::lock_guard lock(mutex_);
    for (const log::Ack& ack : acks) {
      if (ack.status != log::Ack::Status::kDurable) failed_ = true;
      ready_.push_back(ack.token);
    }
    wake_.notify_one();
  }
  std::vector<std::uint64_t> take() {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return !ready_.empty(); });
    return std::exchange(ready_, {});
  }
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::uint64_t> ready_;
  bool failed_ = false;
};

void embedded(const std::string& dir, int producers, double seconds) {
  config::Embedded options;
  options.dir = dir + "/log";
  auto opened = log::open_embedded(options);
  if (!opened) {
    fmt::print(stderr, "{}\n", opened.error().message);
    std::exit(1);
  }
  log::Log& log = **opened;
  log::TopicSpec spec;
  spec.name = "traces.v1";
  spec.partitions = 8;
  if (!log.ensure_topic(spec)) std::exit(1);
  Turns turns;
  auto producer = log.producer(turns);
  if (!producer) std::exit(1);
  const std::string value(kRecordBytes, 'x');
  std::vector<Steady::time_point> started(static_cast<std::size_t>(producers));
  std::vector<float> latency_ms;
  const auto append = [&](std::uint64_t who) {
    started[who] = Steady::now();
    log::Record record;
    record.topic = spec.name;
    record.partition = static_cast<std::int32_t>(who % 8);
    record.key = "key";
    record.value = value;
    (*producer)->append(record, who);
  };
  std::uint64_t appends = 0;
  const double cpu = bench::own_cpu_seconds();
  const auto begin = Steady::now();
  const auto end = begin + std::chrono::duration<double>(seconds);
  int in_flight = producers;
  for (int i = 0; i < producers; ++i) append(static_cast<std::uint64_t>(i));
  (*producer)->submit();
  while (in_flight > 0) {
    const auto done = turns.take();
    const auto now = Steady::now();
    for (const std::uint64_t who : done) {
      latency_ms.push_back(std::chrono::duration<float, std::milli>(now - started[who]).count());
      ++appends;
      if (now < end) {
        append(who);
      } else {
        --in_flight;
      }
    }
    (*producer)->submit();
  }
  if (turns.failed()) std::exit(1);
  report("embedded", producers, appends, std::chrono::duration<double>(Steady::now() - begin).count(),
         bench::own_cpu_seconds() - cpu, latency_ms);

  // Read everything back.
  std::vector<log::StartPosition> from;
  std::uint64_t expected = 0;
  for (std::int32_t p = 0; p < 8; ++p) {
    from.push_back({{spec.name, p}, 0, ""});
    expected += static_cast<std::uint64_t>(log.watermarks({spec.name, p}).value().high);
  }
  auto reader = log.reader(from);
  if (!reader) std::exit(1);
  std::uint64_t read = 0;
  const auto read_begin = Steady::now();
  while (read < expected) {
    auto batch = (*reader)->poll(8 << 20, std::chrono::milliseconds(1000), {});
    if (!batch) std::exit(1);
    read += batch->size();
  }
  const double read_s = std::chrono::duration<double>(Steady::now() - read_begin).count();
  fmt::print(R"({{"what":"read","producers":{},"records_s":{:.0f}}})"
             "\n",
             producers, static_cast<double>(read) / read_s);
  std::fflush(stdout);
}

}  // namespace
}  // namespace plumbline

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::string dir = argv[1];
  const double seconds = std::atof(argv[2]);
  for (const int n : {1, 16, 128}) {
    plumbline::bare_file(dir, n, seconds);
    plumbline::embedded(dir, n, seconds);
    std::filesystem::remove_all(dir + "/log");
  }
}
