#include "core/log/kafka/outbox.h"

namespace plumbline::log::kafka {

Slot* Outbox::take(std::uint64_t token) {
  const std::lock_guard hold(mutex_);
  if (free_.empty()) free_.swap(returned_);
  if (free_.empty()) {
    Slot* chunk = chunks_.emplace_back(std::make_unique<Slot[]>(kChunk)).get();
    for (std::size_t i = 0; i < kChunk; ++i) free_.push_back(chunk + i);
  }
  Slot* slot = free_.back();
  free_.pop_back();
  *slot = {this, token, true};
  ++out_;
  return slot;
}

bool Outbox::collect(Slot* slot, const Ack& ack) {
  burst_.push_back(ack);
  burst_.back().token = slot->token;
  done_.push_back(slot);
  return burst_.size() == 1;
}

void Outbox::deliver() {
  const std::lock_guard hold(mutex_);
  if (forgotten_) {
    burst_.clear();
    done_.clear();
    return;
  }
  if (!burst_.empty()) listener_.on_acks(burst_);
  for (Slot* slot : done_) slot->active = false;
  returned_.insert(returned_.end(), done_.begin(), done_.end());
  out_ -= done_.size();
  burst_.clear();
  done_.clear();
  if (out_ == 0) emptied_.notify_all();
}

void Outbox::forget(std::string_view reason) {
  const std::lock_guard hold(mutex_);
  abandon_held(reason);
  forgotten_ = true;
}

void Outbox::abandon(std::string_view reason) {
  const std::lock_guard hold(mutex_);
  abandon_held(reason);
}

// The caller holds mutex_.
void Outbox::abandon_held(std::string_view reason) {
  std::vector<Ack> acks;
  for (const auto& chunk : chunks_) {
    for (std::size_t i = 0; i < kChunk; ++i) {
      Slot& slot = chunk[i];
      if (!slot.active) continue;
      acks.push_back({slot.token, Ack::Status::kUnconfirmed, -1, reason});
      slot.active = false;
      returned_.push_back(&slot);
    }
  }
  if (!acks.empty()) listener_.on_acks(acks);
  out_ = 0;
  emptied_.notify_all();
}

bool Outbox::wait_empty(std::chrono::milliseconds longest) {
  std::unique_lock hold(mutex_);
  return emptied_.wait_for(hold, longest, [this] { return out_ == 0; });
}

}  // namespace plumbline::log::kafka
