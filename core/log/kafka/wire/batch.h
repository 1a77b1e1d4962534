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
  // What a batch grows in, for the next one: a megabyte that is made anew costs its page faults.
  struct Room {
    std::string bytes;
    std::vector<Slot*> slots;
  };
  explicit Batch(Time begun, Room room = {});
  // Once nobody looks at wire() or slots() any more.
  [[nodiscard]] Room give_up_room() { return std::move(room_); }

  // At most this many bytes: those of its fields, and what their lengths take.
  [[nodiscard]] static std::size_t bytes_of(const Record& record);
  void add(const Record& record, Slot* slot);
  // `scratch` is for lz4, and grows.
  void seal(Identity identity, std::int32_t sequence, std::string& scratch);

  [[nodiscard]] bool sealed() const { return sealed_; }
  [[nodiscard]] std::string_view wire() const { return room_.bytes; }  // once sealed
  [[nodiscard]] std::size_t bytes() const { return grown_; }           // before compression
  [[nodiscard]] std::int32_t count() const { return static_cast<std::int32_t>(room_.slots.size()); }
  [[nodiscard]] std::span<Slot* const> slots() const { return room_.slots; }
  [[nodiscard]] Time begun() const { return begun_; }
  // An attempt may have put it into the log without saying so.
  void doubt() { doubtful_ = true; }
  [[nodiscard]] bool doubtful() const { return doubtful_; }

 private:
  Room room_;  // its bytes: those of the header, then records
  std::int64_t first_ms_ = 0, last_ms_ = 0;
  std::size_t grown_ = 0;
  Time begun_;
  bool sealed_ = false, doubtful_ = false;
};

}  // namespace plumbline::log::kafka::wire
