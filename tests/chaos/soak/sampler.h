// Once a second: resident memory and descriptors of each process, what was accepted, and how long one signed
// request of its own took; a line of JSON each, for tests/chaos/soak/page.py.
#pragma once
#include <chrono>
#include <fstream>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "tests/chaos/soak/faults.h"

namespace plumbline::tests {

class Sampler {
 public:
  Sampler(std::string path, std::string log, const Stack& stack, const Tenant& probe, const Faults& faults,
          std::function<std::size_t()> accepted);
  ~Sampler() = default;
  Sampler(const Sampler&) = delete;
  Sampler& operator=(const Sampler&) = delete;

  // A fault, for the plots; `recovery_s`: until the next traces were accepted.
  void mark(const std::string& fault, double recovery_s);

 private:
  void run(const std::stop_token& stop);
  [[nodiscard]] double seconds() const;
  // Milliseconds of one signed request straight to the edge; -1 when it was not accepted.
  [[nodiscard]] double probe() const;

  const Stack& stack_;
  const Tenant& tenant_;
  const Faults& faults_;
  const std::string log_;
  const std::function<std::size_t()> accepted_;
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::mutex mutex_;
  std::ofstream out_;
  std::jthread thread_;
};

}  // namespace plumbline::tests
