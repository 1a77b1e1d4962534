#include "producers/agent/intake.h"

#include <future>
#include <memory>

namespace plumbline::agent {

void Intake::take(const std::vector<std::string>& lines, Done done) {
  auto taken = std::make_shared<Taken>();
  std::vector<Block> blocks;
  blocks.reserve(lines.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    Item item{false, lines[i]};
    if (const Status may_leave = leaving_.apply(item.line, item.report); may_leave) {
      blocks.push_back(Block::of(std::move(item)));
    } else {
      taken->refused.push_back({i, may_leave.error().code, may_leave.error().message});
    }
  }
  taken->accepted = blocks.size();
  queue(std::move(blocks), std::move(taken), std::move(done));
}

// Lines that may leave as they were written are packed where they lie; a block in which one was changed or
// refused is put together anew.
void Intake::take(const otlp::EventLines& events, Done done) {
  auto taken = std::make_shared<Taken>();
  std::vector<Block> blocks;
  const bool few = events.lines.size() < kPackLeastItems;
  const std::string_view text = events.text;
  for (std::size_t from = 0; from < events.lines.size();) {
    std::size_t end = from;
    bool as_written = true;
    const auto fits = [&] {
      return end - from < kBlockItemsMax &&
             (end == from || events.lines[end].end - events.lines[from].begin < kBlockRawBytesMax);
    };
    for (; end < events.lines.size() && fits(); ++end) as_written = as_written && events.lines[end].settled;
    std::uint32_t items = 0;
    changed_.clear();
    for (std::size_t i = from; i < end && (!as_written || few); ++i) {
      const auto& [begin, line_end, settled] = events.lines[i];
      Item item{false, std::string(text.substr(begin, line_end - begin))};
      const Status may_leave = settled ? ok_status() : leaving_.apply(item.line, item.report);
      if (!may_leave) {
        taken->refused.push_back({i, may_leave.error().code, may_leave.error().message});
        continue;
      }
      ++items;
      if (few) {
        blocks.push_back(Block::of(std::move(item)));
      } else {
        changed_.append(item.line).append("\n");
      }
    }
    const std::size_t begin = events.lines[from].begin;
    const std::string_view lines =
        as_written ? text.substr(begin, events.lines[end - 1].end + 1 - begin) : std::string_view(changed_);
    if (as_written) items = static_cast<std::uint32_t>(end - from);
    taken->accepted += items;
    if (!few && items > 0) {
      auto packed = packer_.pack(false, lines, items);
      if (!packed) {
        taken->accepted = 0;
        taken->status = retryable(packed.error().code, packed.error().message);
        return done(std::move(*taken));
      }
      blocks.push_back(std::move(*packed));
    }
    from = end;
  }
  queue(std::move(blocks), std::move(taken), std::move(done));
}

void Intake::queue(std::vector<Block> blocks, std::shared_ptr<Taken> taken, Done done) {
  if (blocks.empty()) return done(std::move(*taken));
  spool_.append(std::move(blocks), [taken = std::move(taken), done = std::move(done)](Status status) {
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
