// Produces by Kafka's protocol itself: one thread, one connection to each broker that leads something, one
// request under way on each. A request carries what has gathered for all of the broker's partitions since the
// one before was answered, so batches grow with the load and nobody waits for a timer (ADR 21: librdkafka
// sends a request for each partition, through three threads).
//
// Idempotent, acks=all. A partition has one batch out at a time; it is sent again as it is, with the same
// sequence, until the broker tells what became of it or the delivery time-out is over: then its records are
// kUnconfirmed and the partition goes on under the next epoch, by which a broker refuses what comes late.
// Thread-safe.
#pragma once
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "core/config/config.h"
#include "core/log/kafka/carrier.h"
#include "core/log/kafka/wire/asio.h"
#include "core/log/kafka/wire/batch.h"
#include "core/log/kafka/wire/link.h"
#include "core/log/kafka/wire/messages.h"
#include "core/telemetry/trouble.h"

namespace plumbline::log::kafka::wire {

class Sender final : public Carrier {
 public:
  // Does not wait for a broker. Errors: code "config": kafka.brokers can't be read.
  static Result<std::shared_ptr<Sender>> open(const config::Kafka& config);
  Sender(config::Kafka config, std::vector<NodeAddress> bootstrap);
  ~Sender() override;

  void hand_over(Outbox& outbox, const std::vector<Staged>& records) override;
  void close() override;
  // How often a broker had lost the place in a sequence, so that what was out became kUnconfirmed.
  [[nodiscard]] std::uint64_t rebuilds() const { return rebuilds_.load(); }
  [[nodiscard]] bool usable() const override { return true; }
  // For a test: as if brokers had lost the place in the sequence of all that is out.
  void fail();

 private:
  static constexpr std::chrono::milliseconds kBackoffMin{50}, kBackoffMax{1000};

  struct Node;
  struct Partition {
    std::string_view topic;
    std::int32_t index = 0, leader = -1;
    std::deque<std::shared_ptr<Batch>> queue;
    bool open = false;       // the last batch still grows
    bool listed = false;     // in waiting_
    bool troubled = false;   // its last answer was none
    Node* flying = nullptr;  // where the first batch is in a request
    // The sender's thread only:
    Time not_before;
    Identity identity;
    std::int32_t sequence = 0;  // of the next batch, or of the one that is out
  };
  struct Topic {
    std::string name;
    std::vector<std::unique_ptr<Partition>> partitions;
  };
  struct Node {
    Node(asio::io_context& context, NodeAddress where)
        : address(std::move(where)), link(context), wake(context) {}
    NodeAddress address;
    Link link;
    Timer wake;
    bool idle = false;  // waits for records; under mutex_
  };
  struct Entry {
    Partition* partition;
    std::shared_ptr<Batch> batch;
  };
  // One Produce request.
  struct Flight {
    std::vector<Entry> entries;
    std::string heads;
    std::vector<std::size_t> cuts;  // where in heads each entry's batch goes
    std::vector<asio::const_buffer> frame;
    std::vector<Produced> answers;
  };

  Awaitable<void> serve(Node& node);
  Awaitable<void> control();
  Awaitable<Status> refresh();
  Awaitable<Status> learn_leaders();
  Awaitable<void> tick();
  static Awaitable<void> pause(Timer& timer, Time until);

  Partition& partition(std::string_view topic, std::int32_t index);
  void enqueue(Partition& partition, const Record& record, Slot* slot, std::size_t bytes);
  bool ready(Node& node, Time& next);
  void gather(Node& node, Flight& flight);
  void seal(Flight& flight);
  static void write(Flight& flight, std::int32_t correlation);
  bool settle(Flight& flight, std::string_view answer, Node& node);
  void answered(Entry& entry, const Produced& answer);
  void unanswered(Flight& flight, const Node& node);
  void wake_others(const Flight& flight, const Node& node);
  void note_trouble(Partition& partition, bool troubled);
  void finish(Partition& partition, Ack::Status status, std::int64_t base_offset, std::string_view reason);
  void next_epoch(Partition& partition);
  void lose_identity(Partition& partition);
  void apply(const Cluster& cluster, const std::vector<std::string>& asked);
  void expire(Time now);
  void ask_for_leaders();
  void woken();
  void wake_idle();
  void post_wake(bool wanted);
  void collect(Slot* slot, const Ack& ack);
  void deliver();
  void other_address();
  [[nodiscard]] bool wants_control();

  asio::io_context context_{1};  // destroyed last: coroutines end with it
  const config::Kafka config_;
  const std::vector<NodeAddress> bootstrap_;
  std::atomic<std::uint64_t> rebuilds_{0};

  // The sender's thread only.
  std::map<std::int32_t, std::unique_ptr<Node>> nodes_;
  Link control_link_{context_};
  Timer control_wake_{context_}, tick_timer_{context_};
  Identity identity_;
  std::size_t next_address_ = 0;
  Time other_at_;         // when that was changed last
  bool refresh_ = false;  // who leads is to be asked
  std::string scratch_;   // of compression
  std::vector<Outbox*> touched_;
  telemetry::Trouble trouble_{"kafka_producer_interrupted"};

  std::mutex mutex_;  // the rest, never held while acks are delivered
  std::condition_variable emptied_;
  std::vector<std::unique_ptr<Topic>> topics_;
  std::vector<Partition*> waiting_;  // those with something in their queue
  std::vector<std::pair<Slot*, Ack>> refused_;
  std::vector<Batch::Room> rooms_;  // of batches that are done with
  std::int64_t queued_bytes_ = 0;
  std::size_t idle_ = 0;      // nodes
  std::size_t troubled_ = 0;  // partitions
  bool posted_ = false;       // woken() is on its way
  bool closed_ = false, ended_ = false;

  std::thread thread_;
};

}  // namespace plumbline::log::kafka::wire
