// Server-sent events in short answers: each waits until something new is there, at most some seconds, and
// ends; EventSource asks again with Last-Event-ID. So every answer passes sign-in and permission anew, and a
// lost connection loses nothing. One thread asks PostgreSQL once a second for each tenant that somebody looks
// at.
#pragma once
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "console/api/call.h"
#include "console/api/database.h"

namespace plumbline::console {

// What was seen: numbers of rows, so that nothing between is missed.
struct LiveCursor {
  std::int64_t drift = -1;     // drift_events.seq; -1: from now on
  std::int64_t delivery = -1;  // notify_deliveries' change, microseconds
  [[nodiscard]] std::string text() const;
  [[nodiscard]] static LiveCursor parse(std::string_view text);
};

class Live {
 public:
  using Reply = std::function<void(Answer)>;
  static constexpr std::size_t kWaitersMax = 500;

  explicit Live(pg::ConnectOptions options) : database_(std::move(options)) {}
  ~Live() { stop(); }
  Live(const Live&) = delete;
  Live& operator=(const Live&) = delete;

  void start();
  // Waiters are answered with nothing new.
  void stop();
  // `reply` is called exactly once, from another thread or this one.
  void wait(TenantId tenant, LiveCursor since, Reply reply);

 private:
  struct Waiter {
    TenantId tenant;
    LiveCursor since;
    std::chrono::steady_clock::time_point until;
    Reply reply;
  };
  void run();
  void turn(std::vector<Waiter> waiters);

  Database database_;  // of the thread
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::vector<Waiter> waiters_;
  std::thread thread_;
};

}  // namespace plumbline::console
