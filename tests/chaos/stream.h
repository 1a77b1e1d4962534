// A client that goes on whatever happens to the servers, for tests that make things happen.
#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "bench/load/http_load.h"
#include "tests/support/stack/stack.h"

namespace plumbline::tests {

// Streams on a thread of its own and remembers what was answered 202.
class Stream {
 public:
  Stream(int port, std::vector<load::Signer> signers, std::uint64_t seed, double requests_s = 150) {
    options_.port = static_cast<std::uint16_t>(port);
    options_.signers = std::move(signers);
    options_.connections = 8;
    options_.requests_s = requests_s;
    options_.duration = std::chrono::hours(24);  // until it is told to stop
    options_.warmup = std::chrono::milliseconds(0);
    options_.seed = seed;
    options_.shape = {
        .traces_per_request = 20, .trace_bytes = 600, .sessions = 5, .agents = 3, .zstd = false};
    thread_ = std::jthread([this](std::stop_token stop) {
      auto result =
          load::run_load(options_, std::move(stop),
                         [this](int status, std::span<const Uuid> ids, std::size_t, std::string_view) {
                           const std::lock_guard lock(mutex_);
                           ++by_status_[status];
                           if (status == 202) accepted_.insert(ids.begin(), ids.end());
                         });
    });
  }
  std::set<Uuid> end() {
    thread_.request_stop();
    thread_.join();
    return accepted_;
  }
  std::size_t accepted() {
    const std::lock_guard lock(mutex_);
    return accepted_.size();
  }
  std::map<int, std::uint64_t> by_status() {
    const std::lock_guard lock(mutex_);
    return by_status_;
  }

 private:
  load::LoadOptions options_;
  std::mutex mutex_;
  std::set<Uuid> accepted_;
  std::map<int, std::uint64_t> by_status_;
  std::jthread thread_;
};

// Those of `accepted` that are not in the table; all of them while PostgreSQL is down.
inline std::set<Uuid> not_stored(const TestDatabase& database, std::set<Uuid> accepted) {
  try {
    auto connection = database.superuser();
    auto rows = connection.query("SELECT id FROM plumbline.traces");
    for (int i = 0; rows && i < rows->size(); ++i) accepted.erase(*Uuid::parse(rows->text(i, 0)));
  } catch (const std::runtime_error&) {  // it is down
  }
  return accepted;
}

}  // namespace plumbline::tests
