// What the edge knows of the log: asked for by one thread, read by all workers, so that no request waits for
// the answer.
#pragma once
#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>

#include "core/log/log.h"

namespace plumbline::edge {

// Thread-safe.
class LogState {
 public:
  // Asks the log; may block as long as the log takes.
  void refresh(log::Log& log);

  // True while appends can be expected to become durable and the topics are known.
  [[nodiscard]] bool up() const { return up_.load(std::memory_order_acquire); }
  // The log says that it must be rebuilt.
  [[nodiscard]] bool fatal() const { return fatal_.load(std::memory_order_acquire); }
  // The log says that its disk is full.
  [[nodiscard]] bool full() const { return full_.load(std::memory_order_acquire); }
  [[nodiscard]] std::string reason() const;

  // Partitions of a topic; set before up() is true for the first time.
  struct Partitions {
    std::int32_t traces = 0;
    std::int32_t reports = 0;
    std::int32_t outcomes = 0;
  };
  [[nodiscard]] Partitions partitions() const;

 private:
  [[nodiscard]] Status ask(log::Log& log);
  std::atomic<bool> up_{false};
  std::atomic<bool> fatal_{false};
  std::atomic<bool> full_{false};
  mutable std::mutex mutex_;
  std::string reason_ = "not asked yet";
  Partitions partitions_;
};

}  // namespace plumbline::edge
