// What brings the records of all producers of a Log to the brokers and tells each of its acks: Delivery by
// librdkafka, wire::Sender by the protocol itself. Thread-safe.
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
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
  Carrier() = default;
  Carrier(const Carrier&) = delete;
  Carrier& operator=(const Carrier&) = delete;
  virtual ~Carrier() = default;

  virtual void add(Outbox& outbox) = 0;
  // Waits until the outbox is empty (at most a little over the delivery time-out), then forgets it; what is
  // still out then becomes kUnconfirmed.
  virtual void remove(std::unique_ptr<Outbox> outbox) = 0;
  // Records are copied; the acks of those that are refused come from the carrier's thread like the others.
  virtual void hand_over(Outbox& outbox, const std::vector<Staged>& records) = 0;
  // Accepts nothing more, waits for what is out, acks the rest kUnconfirmed. May be called again.
  virtual void close() = 0;

  // How often something was lost that idempotence rests on, so that what was out became kUnconfirmed.
  [[nodiscard]] virtual std::uint64_t rebuilds() const = 0;
  [[nodiscard]] virtual bool usable() const = 0;
};

}  // namespace plumbline::log::kafka
