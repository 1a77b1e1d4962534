// A worker's way into the log: frames are appended as requests come, handed over once per event-loop turn,
// and their acks come back to the worker's thread in bursts.
#pragma once
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "core/http/server.h"
#include "core/log/log.h"

namespace plumbline::edge {

// On the worker's thread, but for on_acks.
class Appender final : public log::AckListener {
 public:
  using Acked = std::function<void(std::span<const log::Ack>)>;
  Appender(http::Worker& worker, Acked acked) : worker_(worker), acked_(std::move(acked)) {}

  // Makes a producer where there is none; destroys one that has nothing outstanding first when `rebuild`.
  // True when it made one.
  bool connect(log::Log& log, bool rebuild);
  [[nodiscard]] bool connected() const { return producer_ != nullptr; }
  // Precondition: connected(). What the record borrows must live until submit().
  void append(const log::Record& record, std::uint64_t token) {
    producer_->append(record, token);
    ++outstanding_;
    unsubmitted_ = true;
  }
  void submit() {
    if (!unsubmitted_) return;
    unsubmitted_ = false;
    producer_->submit();
  }
  [[nodiscard]] std::size_t outstanding() const { return outstanding_; }

  void on_acks(std::span<const log::Ack> acks) noexcept override;  // on a thread of the log

 private:
  void deliver();

  http::Worker& worker_;
  Acked acked_;
  std::size_t outstanding_ = 0;
  bool unsubmitted_ = false;
  std::mutex mutex_;
  std::vector<log::Ack> arrived_;  // under mutex_
  bool posted_ = false;            // under mutex_
  std::vector<log::Ack> delivering_;
  std::unique_ptr<log::Producer> producer_;  // last: its end waits for acks
};

}  // namespace plumbline::edge
