#include "producers/agent/intake.h"

#include <future>
#include <memory>

namespace plumbline::agent {

void Intake::take(const std::vector<std::string>& lines, Done done) {
  auto taken = std::make_shared<Taken>();
  std::vector<Item> items;
  items.reserve(lines.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    Item item{false, lines[i]};
    if (const Status may_leave = leaving_.apply(item.line, item.report); may_leave) {
      items.push_back(std::move(item));
    } else {
      taken->refused.push_back({i, may_leave.error().code, may_leave.error().message});
    }
  }
  taken->accepted = items.size();
  if (items.empty()) return done(std::move(*taken));
  spool_.append(std::move(items), [taken, done = std::move(done)](Status status) {
    if (!status) taken->accepted = 0;
    taken->status = std::move(status);
    done(std::move(*taken));
  });
}

Taken Intake::take(const std::vector<std::string>& lines) {
  auto promise = std::make_shared<std::promise<Taken>>();
  auto future = promise->get_future();
  take(lines, [promise](Taken taken) { promise->set_value(std::move(taken)); });
  return future.get();
}

}  // namespace plumbline::agent
