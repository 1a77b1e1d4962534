// What one producer has handed over and not been told of. A slot a record, from a pool that grows to the most
// ever in flight: no allocation a record. Slots are taken on the producer's thread and given back on the poll
// thread.
#pragma once
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "core/log/log.h"

namespace plumbline::log::kafka {

class Outbox;

// librdkafka carries its address with the record.
struct Slot {
  Outbox* owner = nullptr;
  std::uint64_t token = 0;
  bool active = false;
};

class Outbox {
 public:
  explicit Outbox(AckListener& listener) : listener_(listener) {}
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  // Producer's thread.
  Slot* take(std::uint64_t token);
  // Poll thread: keeps the ack for the next deliver; true when it is the first since then.
  bool collect(Slot* slot, const Ack& ack);
  // Poll thread: one call of the listener with everything collected.
  void deliver();
  // Everything still out becomes kUnconfirmed; nothing handed over before may be collected afterwards.
  void abandon(std::string_view reason);
  // The same, and the listener is told of nothing any more: it may be gone.
  void forget(std::string_view reason);
  // True once nothing is out.
  [[nodiscard]] bool wait_empty(std::chrono::milliseconds longest);

 private:
  static constexpr std::size_t kChunk = 256;

  void abandon_held(std::string_view reason);

  AckListener& listener_;
  std::vector<Slot*> free_;  // producer's thread only
  std::vector<Ack> burst_;   // poll thread only
  std::vector<Slot*> done_;  // poll thread only

  std::mutex mutex_;  // the rest, and `active` of the slots
  std::condition_variable emptied_;
  std::vector<std::unique_ptr<Slot[]>> chunks_;
  std::vector<Slot*> returned_;
  std::size_t out_ = 0;
  bool forgotten_ = false;
};

}  // namespace plumbline::log::kafka
