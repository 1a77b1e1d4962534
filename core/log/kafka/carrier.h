// What brings the records of all producers of a Log to the brokers and tells each of its acks: Delivery by
// librdkafka, wire::Sender by the protocol itself. Thread-safe.
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "core/log/kafka/outbox.h"
#include "core/log/log.h"

namespace plumbline::log::kafka {

struct Staged {
  Record record;
  std::uint64_t token = 0;
  std::string_view refusal = {};  // why it can't be handed over; static storage
};

class Carrier {
 public:
  explicit Carrier(std::chrono::milliseconds delivery_timeout)
      : patience_(delivery_timeout + std::chrono::seconds(5)) {}
  Carrier(const Carrier&) = delete;
  Carrier& operator=(const Carrier&) = delete;
  virtual ~Carrier() = default;

  void add(Outbox& outbox);
  // Waits until the outbox is empty (at most a little over the delivery time-out), then forgets it; what is
  // still out then becomes kUnconfirmed.
  void remove(std::unique_ptr<Outbox> outbox);
  // Records are copied; the acks of those that are refused come from the carrier's thread like the others.
  virtual void hand_over(Outbox& outbox, const std::vector<Staged>& records) = 0;
  // Accepts nothing more, waits for what is out, acks the rest kUnconfirmed. May be called again.
  virtual void close() = 0;

  [[nodiscard]] virtual bool usable() const = 0;

 protected:
  // Records that timed out are told of within a second or so.
  [[nodiscard]] std::chrono::milliseconds patience() const { return patience_; }

  std::mutex outboxes_mutex_;
  std::vector<Outbox*> outboxes_;

 private:
  const std::chrono::milliseconds patience_;
  std::vector<std::unique_ptr<Outbox>> abandoned_;  // slots that a late report may still name
};

}  // namespace plumbline::log::kafka
