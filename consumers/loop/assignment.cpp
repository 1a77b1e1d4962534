// How a member takes its partitions: positions come from the store, and are checked against what the log
// still holds.
#include <algorithm>

#include "consumers/loop/loop.h"
#include "consumers/loop/meters.h"
#include "core/telemetry/logging.h"

namespace plumbline::loop {
namespace {

struct Loss {
  std::string_view reason;
  std::string detail;
};

std::optional<Loss> loss_of(const postgres::Position& position, const std::string& incarnation,
                            const log::Watermarks& marks) {
  const std::string place = position.at.topic + "/" + std::to_string(position.at.partition) +
                            ": the stored position " + std::to_string(position.next_offset);
  const std::string holds = std::to_string(marks.low) + " to " + std::to_string(marks.high);
  if (!position.incarnation.empty() && position.incarnation != incarnation) {
    return Loss{"other_incarnation", place + " belongs to incarnation " + position.incarnation +
                                         ", the log is incarnation " + incarnation + " and holds " + holds};
  }
  if (position.next_offset < marks.low) {
    return Loss{"below_retention", place + " lies below what the log holds, " + holds};
  }
  if (position.next_offset > marks.high) {
    return Loss{"past_end", place + " lies past what the log holds, " + holds};
  }
  return std::nullopt;
}

}  // namespace

Status Loop::ensure_joined() {
  if (reader_) return ok_status();
  const std::vector<std::string> topics = consumer_.topics();
  auto joined = log_.join_group(consumer_.name(), topics, *this);
  if (!joined) return joined.error();
  reader_ = std::move(*joined);
  return ok_status();
}

void Loop::leave() {
  reader_.reset();
  std::vector<log::TopicPartition> left;
  for (const auto& [at, position] : owned_) left.push_back(at);
  consumer_.revoked(left);
  owned_.clear();
  behind_.clear();
  inputs_.clear();
  meters_->in_hand->store(0);
  report_owned();
}

Result<postgres::Position> Loop::claim(const log::TopicPartition& at, log::StartPosition* start) {
  auto topic = log_.topic(at.topic);
  if (!topic) return topic.error();
  auto marks = log_.watermarks(at);
  if (!marks) return marks.error();
  auto position =
      postgres::claim_position(*connection_, consumer_.name(), at, topic->incarnation, marks->low);
  if (!position) return position;
  *start = {at, position->next_offset, topic->incarnation};
  const auto loss = loss_of(*position, topic->incarnation, *marks);
  if (loss || position->stopped) {
    if (loss) {
      if (Status told =
              postgres::stop_position(*connection_, consumer_.name(), *position, loss->reason, loss->detail);
          !told) {
        return told.error();
      }
      telemetry::error("position_lost",
                       {{"consumer", consumer_.name()}, {"detail", std::string_view(loss->detail)}});
    }
    position->stopped = true;
    start->offset =
        marks->high;  // the member goes on with its other partitions; records of this one are skipped
    const std::lock_guard hold(health_mutex_);
    lost_ = loss
                ? loss->detail
                : at.topic + "/" + std::to_string(at.partition) + " stopped after a loss and was not resumed";
  }
  return position;
}

Result<std::vector<log::StartPosition>> Loop::on_assigned(std::span<const log::TopicPartition> partitions) {
  if (Status ready = ensure_connected(); !ready) return ready.error();
  {
    const std::lock_guard hold(health_mutex_);
    if (owned_.empty()) lost_.clear();
  }
  std::vector<log::StartPosition> starts;
  std::vector<postgres::Position> claimed;
  for (const log::TopicPartition& at : partitions) {
    log::StartPosition start;
    auto position = claim(at, &start);
    if (!position) return position.error();
    starts.push_back(std::move(start));
    claimed.push_back(std::move(*position));
  }
  if (Status loaded = consumer_.assigned(*connection_, claimed); !loaded) return loaded.error();
  for (postgres::Position& position : claimed) owned_.insert_or_assign(position.at, std::move(position));
  report_owned();
  return starts;
}

void Loop::on_revoked(std::span<const log::TopicPartition> partitions) {
  consumer_.revoked(partitions);
  for (const log::TopicPartition& at : partitions) {
    owned_.erase(at);
    behind_.erase(at);
    meters_->lag_records(at).set(0);
    meters_->lag_seconds(at).set(0);
  }
  report_owned();
}

void Loop::report_owned() {
  const auto stopped =
      std::count_if(owned_.begin(), owned_.end(), [](const auto& p) { return p.second.stopped; });
  meters_->assigned.set(static_cast<double>(owned_.size()));
  meters_->stopped.set(static_cast<double>(stopped));
}

}  // namespace plumbline::loop
