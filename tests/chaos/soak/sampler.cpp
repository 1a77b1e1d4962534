#include "tests/chaos/soak/sampler.h"

#include <charconv>
#include <condition_variable>
#include <filesystem>

#include "tests/chaos/signed_client.h"
#include "tests/support/raw_http.h"

namespace plumbline::tests {
namespace {

namespace fs = std::filesystem;

long resident_kib(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("VmRSS:")) continue;
    const std::size_t digits = line.find_first_of("0123456789");
    long kib = 0;
    if (digits != line.npos) std::from_chars(line.data() + digits, line.data() + line.size(), kib);
    return kib;
  }
  return 0;
}

long descriptors(pid_t pid) {
  std::error_code failed;
  long count = 0;
  for (fs::directory_iterator at("/proc/" + std::to_string(pid) + "/fd", failed), end; !failed && at != end;
       at.increment(failed))
    ++count;
  return count;
}

}  // namespace

Sampler::Sampler(std::string path, std::string log, const Stack& stack, const Tenant& probe,
                 const Faults& faults, std::function<std::size_t()> accepted)
    : stack_(stack),
      tenant_(probe),
      faults_(faults),
      log_(std::move(log)),
      accepted_(std::move(accepted)),
      out_(path, std::ios::app) {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

double Sampler::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
}

double Sampler::probe() const {
  try {
    const auto start = std::chrono::steady_clock::now();
    test::RawHttp client(stack_.edge_port());
    if (!client.send(good_request(tenant_)) || client.receive(std::chrono::seconds(5)).status != 202)
      return -1;
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  } catch (const std::exception&) {  // it is down
    return -1;
  }
}

void Sampler::mark(const std::string& fault, double recovery_s) {
  const std::lock_guard lock(mutex_);
  out_ << R"({"log":")" << log_ << R"(","t":)" << seconds() << R"(,"fault":")" << fault
       << R"(","recovery_s":)" << recovery_s << "}" << std::endl;
}

void Sampler::run(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  while (!stop.stop_requested()) {
    const double latency_ms = probe();
    {
      const std::lock_guard lock(mutex_);
      out_ << R"({"log":")" << log_ << R"(","t":)" << seconds() << R"(,"accepted":)" << accepted_()
           << R"(,"latency_ms":)" << latency_ms << R"(,"processes":{)";
      bool first = true;
      for (const auto& victim : faults_.victims()) {
        out_ << (first ? "\"" : ",\"") << victim->name << R"(":{"rss_kib":)" << resident_kib(victim->pid)
             << R"(,"fds":)" << descriptors(victim->pid) << "}";
        first = false;
      }
      out_ << "}}" << std::endl;
    }
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop, std::chrono::seconds(1), [] { return false; });
  }
}

}  // namespace plumbline::tests
