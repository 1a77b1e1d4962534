// Drifts that open and resolve while faults strike, and the ends that people are told by: a fake Slack and a
// webhook's receiver. A report is sent until it is answered 202, so in the end the counts are exact.
#pragma once
#include <atomic>
#include <deque>
#include <memory>
#include <string>
#include <thread>

#include "tests/chaos/notify/receipts.h"
#include "tests/support/fakes.h"
#include "tests/support/stack/stack.h"

namespace plumbline::tests {

class Drifts {
 public:
  // Adds to the stack's configuration: make it before any role starts. Throws.
  explicit Drifts(Stack& stack);
  // Without end() a report that nobody answers is given up: a soak that failed shall say so.
  ~Drifts() { given_up_ = true; }
  Drifts(const Drifts&) = delete;
  Drifts& operator=(const Drifts&) = delete;

  // Routes of the tenant, and a thread that reports over `port` from now on.
  void begin(const Tenant& tenant, int port);
  // Posts no more; every report that was begun has been answered 202 when this returns.
  void end();
  [[nodiscard]] int opened() const { return opened_; }
  // One message at least of a drift of this number or a later one was received.
  [[nodiscard]] bool told_since(int number) const;
  // What is wrong in the end; empty as it must be. Waits for what is still to be sent.
  [[nodiscard]] std::string wrong(std::string* summary) const;
  [[nodiscard]] test::Process& slack() { return slack_.process(); }

 private:
  void add_route(const Tenant& tenant, int number);
  void report(const std::stop_token& stop, const Tenant& tenant, int port);
  [[nodiscard]] std::string next_reports();
  [[nodiscard]] std::string path(const std::string& name) const { return (stack_.folder() / name).string(); }

  Stack& stack_;
  Fake slack_, hook_;
  std::deque<std::string> open_;
  std::atomic<int> opened_{0}, resolved_{0}, reports_{0};
  std::atomic<bool> given_up_{false};
  std::jthread thread_;
};

}  // namespace plumbline::tests
