#include "core/log/kafka/carrier.h"

#include <utility>

namespace plumbline::log::kafka {

void Carrier::add(Outbox& outbox) {
  const std::lock_guard hold(outboxes_mutex_);
  outboxes_.push_back(&outbox);
}

void Carrier::remove(std::unique_ptr<Outbox> outbox) {
  const bool empty = outbox->wait_empty(patience());
  const std::lock_guard hold(outboxes_mutex_);
  std::erase(outboxes_, outbox.get());
  if (empty) return;
  outbox->forget("closed");
  abandoned_.push_back(std::move(outbox));
}

}  // namespace plumbline::log::kafka
