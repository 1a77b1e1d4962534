// Records of one partition that go to the broker together: a RecordBatch of version 2 (Apache Kafka, "Message
// Format"), in lz4 frames where that makes it smaller. Grows by add() until it is sealed; from then on its
// bytes stay the same however often they are sent, as the broker tells copies by identity and sequence.
// Not thread-safe.
#pragma once
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/log/kafka/outbox.h"
#include "core/log/kafka/wire/messages.h"
#include "core/log/log.h"

namespace plumbline::log::kafka::wire {

class Batch {
 public:
  using Time = std::chrono::steady_clock::time_point;
  explicit Batch(Time begun);

  // At most this many bytes: those of its fields, and what their lengths take.
  [[nodiscard]] static std::size_t bytes_of(const Record& record);
  void add(const Record& record, Slot* slot);
  // `scratch` is for lz4, and grows.
  void seal(Identity identity, std::int32_t sequence, std::string& scratch);

  [[nodiscard]] bool sealed() const { return sealed_; }
  [[nodiscard]] std::string_view wire() const { return bytes_; }  // once sealed
  [[nodiscard]] std::size_t bytes() const { return grown_; }      // before compression
  [[nodiscard]] std::int32_t count() const { return static_cast<std::int32_t>(slots_.size()); }
  [[nodiscard]] std::span<Slot* const> slots() const { return slots_; }
  [[nodiscard]] Time begun() const { return begun_; }
  // An attempt may have put it into the log without saying so.
  void doubt() { doubtful_ = true; }
  [[nodiscard]] bool doubtful() const { return doubtful_; }

 private:
  std::string bytes_;  // room for the header, then records
  std::vector<Slot*> slots_;
  std::int64_t first_ms_ = 0, last_ms_ = 0;
  std::size_t grown_ = 0;
  Time begun_;
  bool sealed_ = false, doubtful_ = false;
};

}  // namespace plumbline::log::kafka::wire
