// What a batch of drift.v1 comes to: events to route and dead letters. Plain values.
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/log/log.h"
#include "sinks/channel/channel.h"
#include "sinks/postgres/dead_letters.h"

namespace plumbline::notify {

// `body` and `record` borrow from the polled batch.
struct Heard {
  channel::Event event;
  std::string_view body;
  const log::ReadRecord* record = nullptr;
};

struct Effects {
  std::vector<Heard> events;
  std::vector<postgres::DeadLetter> dead;
  std::uint64_t muted = 0;     // recorded, not to be notified
  std::uint64_t replayed = 0;  // read again after they were counted

  void clear() {
    events.clear();
    dead.clear();
    muted = replayed = 0;
  }
};

}  // namespace plumbline::notify
