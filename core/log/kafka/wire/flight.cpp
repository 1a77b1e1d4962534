// The sender's requests: what goes into one, and what its answer means.
#include <algorithm>
#include <limits>

#include <librdkafka/rdkafka.h>

#include "core/log/kafka/conf.h"
#include "core/log/kafka/wire/sender.h"

namespace plumbline::log::kafka::wire {
namespace {

using namespace std::chrono_literals;

// Of one request, before compression; brokers take 100 MB (socket.request.max.bytes) unless set otherwise.
constexpr std::size_t kRequestBytesMax = 16U << 20;
// A broker waits so long for copies, and we a little longer for it: late copies are told of.
constexpr std::int32_t kProduceWaitMs = 8000;
constexpr auto kAnswerMax = 10s;
constexpr auto kGrowMax = 1s;
constexpr std::size_t kRoomsMax = 16;  // of a megabyte each at most, one for each partition that is busy
constexpr auto kAgainAfter = 100ms;
constexpr auto kIdleMax = 1h;

// librdkafka's names of the protocol's errors: static storage.
std::string_view name_of(std::int16_t error) {
  return rd_kafka_err2name(static_cast<rd_kafka_resp_err_t>(error));
}

// After 2^31 - 1 comes 0 (KIP-98).
std::int32_t advanced(std::int32_t sequence, std::int32_t records) {
  return static_cast<std::int32_t>(
      (static_cast<std::uint32_t>(sequence) + static_cast<std::uint32_t>(records)) & 0x7fffffffU);
}

}  // namespace

// The caller holds mutex_.
void Sender::enqueue(Partition& partition, const Record& record, Slot* slot, std::size_t bytes) {
  const Time now = Clock::now();
  const bool full =
      partition.open && (partition.queue.back()->bytes() + bytes > static_cast<std::size_t>(kBatchBytes) ||
                         // The oldest record's time-out is the batch's.
                         now - partition.queue.back()->begun() > kGrowMax);
  if (!partition.open || full) {
    Batch::Room room;
    if (!rooms_.empty()) {
      room = std::move(rooms_.back());
      rooms_.pop_back();
    }
    partition.queue.push_back(std::make_shared<Batch>(now, std::move(room)));
    partition.open = true;
  }
  Batch& batch = *partition.queue.back();
  const std::size_t before = batch.bytes();
  batch.add(record, slot);
  queued_bytes_ += static_cast<std::int64_t>(batch.bytes() - before);
  if (std::exchange(partition.listed, true)) return;
  waiting_.push_back(&partition);
}

Awaitable<void> Sender::serve(Node& node) {
  Flight flight;
  std::chrono::milliseconds backoff = kBackoffMin;
  for (;;) {
    Time next = Clock::now() + kIdleMax;
    if (!ready(node, next)) {
      co_await pause(node.wake, next);
      continue;
    }
    if (node.link.left()) node.link.close();
    if (!node.link.is_open()) {
      const NodeAddress at = node.address;
      if (const Status open = co_await node.link.open(at.host, at.port); !open) {
        trouble_.met(open.error());
        ask_for_leaders();
        co_await pause(node.wake, Clock::now() + backoff);
        backoff = std::min<std::chrono::milliseconds>(2 * backoff, kBackoffMax);
        continue;
      }
      if (at.host != node.address.host || at.port != node.address.port) {  // it moved meanwhile
        node.link.close();
        continue;
      }
    }
    gather(node, flight);
    if (flight.entries.empty()) continue;
    seal(flight);
    write(flight, node.link.correlation());
    const auto answer = co_await node.link.exchange(flight.frame, kAnswerMax);
    const bool settled = answer && settle(flight, *answer, node);
    if (!answer) trouble_.met(answer.error());
    if (!settled) unanswered(flight, node);
    deliver();
    if (settled) {
      backoff = kBackoffMin;
      continue;
    }
    co_await pause(node.wake, Clock::now() + backoff);
    backoff = std::min<std::chrono::milliseconds>(2 * backoff, kBackoffMax);
  }
}

// Whether there is something to send to this node now; if not, when there may be by itself.
bool Sender::ready(Node& node, Time& next) {
  const Time now = Clock::now();
  const std::lock_guard hold(mutex_);
  if (std::exchange(node.idle, false)) --idle_;  // its time came before a record did
  for (const Partition* p : waiting_) {
    if (p->leader != node.address.id || p->flying) continue;
    if (!p->queue.front()->sealed() && !p->identity.known() && !identity_.known()) continue;
    if (p->not_before <= now) return true;
    next = std::min(next, p->not_before);
  }
  node.idle = true;
  ++idle_;
  return false;
}

void Sender::gather(Node& node, Flight& flight) {
  flight.entries.clear();
  const Time now = Clock::now();
  std::size_t bytes = 0, looked = 0;
  const std::lock_guard hold(mutex_);
  for (Partition* p : waiting_) {
    if (bytes > 0 && bytes + p->queue.front()->bytes() > kRequestBytesMax) break;
    ++looked;
    if (p->leader != node.address.id || p->flying || p->not_before > now) continue;
    if (!p->queue.front()->sealed() && !p->identity.known() && !identity_.known()) continue;
    if (p->queue.size() == 1) p->open = false;
    p->flying = &node;
    bytes += p->queue.front()->bytes();
    flight.entries.push_back({p, p->queue.front()});
  }
  // What did not fit is first in the next request.
  if (looked < waiting_.size())
    std::rotate(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(looked), waiting_.end());
}

void Sender::seal(Flight& flight) {
  for (Entry& entry : flight.entries) {
    if (entry.batch->sealed()) continue;
    Partition& p = *entry.partition;
    if (!p.identity.known()) {
      p.identity = identity_;
      p.sequence = 0;
    }
    entry.batch->seal(p.identity, p.sequence, scratch_);
  }
}

void Sender::write(Flight& flight, std::int32_t correlation) {
  auto& entries = flight.entries;
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return a.partition->topic.data() < b.partition->topic.data();
  });
  const auto same_topic = [&](std::size_t from) {
    std::size_t end = from;
    while (end < entries.size() && entries[end].partition->topic == entries[from].partition->topic) ++end;
    return end;
  };
  std::int32_t topics = 0;
  for (std::size_t i = 0; i < entries.size(); i = same_topic(i)) ++topics;
  flight.heads.clear();
  flight.cuts.clear();
  ProduceHead::begin(flight.heads, correlation, kProduceWaitMs, topics);
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < entries.size();) {
    const std::size_t end = same_topic(i);
    ProduceHead::topic(flight.heads, entries[i].partition->topic, static_cast<std::int32_t>(end - i));
    for (; i < end; ++i) {
      ProduceHead::partition(flight.heads, entries[i].partition->index, entries[i].batch->wire().size());
      flight.cuts.push_back(flight.heads.size());
      bytes += entries[i].batch->wire().size();
    }
  }
  ProduceHead::finish(flight.heads, flight.heads.size() + bytes);
  flight.frame.clear();
  std::size_t from = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    flight.frame.emplace_back(flight.heads.data() + from, flight.cuts[i] - from);
    flight.frame.emplace_back(entries[i].batch->wire().data(), entries[i].batch->wire().size());
    from = flight.cuts[i];
  }
}

// False: the answer can't be read.
bool Sender::settle(Flight& flight, std::string_view answer, Node& node) {
  Status read = read_produced(answer, flight.answers);
  const auto fits = [](const Entry& entry, const Produced& one) {
    return one.topic == entry.partition->topic && one.partition == entry.partition->index;
  };
  if (read && !std::equal(flight.entries.begin(), flight.entries.end(), flight.answers.begin(),
                          flight.answers.end(), fits)) {
    // In another order, which a broker may choose, or not what was asked.
    std::vector<Produced> sorted;
    for (const Entry& entry : flight.entries) {
      const auto found = std::find_if(flight.answers.begin(), flight.answers.end(),
                                      [&](const Produced& one) { return fits(entry, one); });
      if (found == flight.answers.end()) {
        read = retryable("kafka_answer", "kafka: a broker has not answered for all that it was sent");
        break;
      }
      sorted.push_back(*found);
    }
    flight.answers = std::move(sorted);
  }
  if (!read) {
    trouble_.met(read.error());
    node.link.close();
    return false;
  }
  const std::lock_guard hold(mutex_);
  for (std::size_t i = 0; i < flight.entries.size(); ++i) answered(flight.entries[i], flight.answers[i]);
  wake_others(flight, node);
  return true;
}

// Those that lead by now what was under way here. The caller holds mutex_.
void Sender::wake_others(const Flight& flight, const Node& node) {
  if (std::any_of(flight.entries.begin(), flight.entries.end(), [&](const Entry& entry) {
        return entry.partition->leader != node.address.id && !entry.partition->queue.empty();
      }))
    wake_idle();
}

// The last one that is well again ends what was told. The caller holds mutex_.
void Sender::note_trouble(Partition& partition, bool troubled) {
  if (std::exchange(partition.troubled, troubled) != troubled) troubled ? ++troubled_ : --troubled_;
  if (!troubled && troubled_ == 0) trouble_.over();
}

// The caller holds mutex_.
void Sender::answered(Entry& entry, const Produced& answer) {
  Partition& p = *entry.partition;
  p.flying = nullptr;
  if (p.queue.empty() || p.queue.front() != entry.batch) return;  // timed out meanwhile
  const Fate fate = fate_of(answer.error);
  if (fate == Fate::kDurable) {
    note_trouble(p, false);
    p.sequence = advanced(p.sequence, entry.batch->count());
    return finish(p, Ack::Status::kDurable, answer.base_offset, {});
  }
  note_trouble(p, true);
  const std::string_view name = name_of(answer.error);
  trouble_.met(
      retryable(std::string(name), "kafka: " + std::string(p.topic) + "/" + std::to_string(p.index) + ": " +
                                       rd_kafka_err2str(static_cast<rd_kafka_resp_err_t>(answer.error))));
  if (fate == Fate::kRefused) {
    // An attempt that got no answer may have been taken.
    const bool doubtful = entry.batch->doubtful();
    if (doubtful) next_epoch(p);
    return finish(p, doubtful ? Ack::Status::kUnconfirmed : Ack::Status::kRefused, -1, name);
  }
  if (fate == Fate::kBroken || fate == Fate::kFenced) {
    ++rebuilds_;
    if (fate == Fate::kFenced) {
      lose_identity(p);
    } else {
      next_epoch(p);
    }
    return finish(p, Ack::Status::kUnconfirmed, -1, name);
  }
  entry.batch->doubt();  // too few copies may mean: one
  p.not_before = Clock::now() + kAgainAfter;
  if (fate == Fate::kMoved) ask_for_leaders();
}

void Sender::unanswered(Flight& flight, const Node& node) {
  ask_for_leaders();
  const std::lock_guard hold(mutex_);
  for (Entry& entry : flight.entries) {
    entry.partition->flying = nullptr;
    entry.batch->doubt();
    note_trouble(*entry.partition, true);
  }
  wake_others(flight, node);
}

// The first batch is done with. The caller holds mutex_.
void Sender::finish(Partition& partition, Ack::Status status, std::int64_t base_offset,
                    std::string_view reason) {
  const std::shared_ptr<Batch> batch = std::move(partition.queue.front());
  partition.queue.pop_front();
  std::int64_t offset = base_offset;
  for (Slot* slot : batch->slots()) {
    collect(slot, {slot->token, status, base_offset < 0 ? -1 : offset, reason});
    ++offset;
  }
  queued_bytes_ -= static_cast<std::int64_t>(batch->bytes());
  const bool usual = batch->bytes() <= static_cast<std::size_t>(kBatchBytes);
  if (usual && !partition.flying && rooms_.size() < kRoomsMax) rooms_.push_back(batch->give_up_room());
  if (partition.queue.empty()) {
    partition.open = partition.listed = false;
    std::erase(waiting_, &partition);
  }
  if (queued_bytes_ == 0) emptied_.notify_all();
}

// What was sent may or may not be in the log, so its sequence has no successor. A broker that has seen the
// next epoch refuses what still comes of this one (KIP-98: a partition's state is its own).
void Sender::next_epoch(Partition& partition) {
  if (partition.identity.epoch == std::numeric_limits<std::int16_t>::max()) return lose_identity(partition);
  ++partition.identity.epoch;
  partition.sequence = 0;
}

void Sender::lose_identity(Partition& partition) {
  if (identity_.id == partition.identity.id) {
    identity_ = {};
    control_wake_.cancel();
  }
  partition.identity = {};
}

void Sender::expire(Time now) {
  const std::lock_guard hold(mutex_);
  const std::vector<Partition*> all(waiting_);
  bool expired = false;
  for (Partition* p : all) {
    while (!p->queue.empty() && now - p->queue.front()->begun() > config_.delivery_timeout) {
      if (p->queue.front()->sealed()) {
        if (p->flying != nullptr)
          p->flying->link.close();  // an answer that still comes is to nobody's question
        next_epoch(*p);
      }
      finish(*p, Ack::Status::kUnconfirmed, -1, name_of(RD_KAFKA_RESP_ERR__MSG_TIMED_OUT));
      note_trouble(*p, true);
      expired = true;
    }
  }
  if (!expired) return;
  trouble_.met(retryable("timed_out",
                         "kafka: records got no answer within kafka.delivery_timeout and are unconfirmed"));
  // Whom we ask may be cut off from its cluster himself. Not at every tick: an answer needs its time.
  if (now - other_at_ > kAnswerMax) other_address();
}

}  // namespace plumbline::log::kafka::wire
