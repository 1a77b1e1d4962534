// Threads that ask PostgreSQL, so that the HTTP threads never wait: a bounded queue, a Database for each
// thread. Thread-safe.
#pragma once
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "console/api/database.h"

namespace plumbline::console {

class Executor {
 public:
  using Task = std::function<void(Database&)>;

  // More than this wait for nothing sensible: at 10 ms each the last would wait for seconds.
  static constexpr std::size_t kQueuedMax = 512;

  explicit Executor(pg::ConnectOptions options) : options_(std::move(options)) {}
  ~Executor() { stop(); }
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  void start(int threads);
  // False: the queue is full, or stop() was called.
  bool submit(Task task);
  // Ends after the tasks that run; what is queued is dropped.
  void stop();

 private:
  void run();

  pg::ConnectOptions options_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> queue_;
  bool stopping_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace plumbline::console
