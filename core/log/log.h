// The message log: the one narrow interface through which everything in Plumbline meets (DESIGN section 3).
// Two backends keep it: core/log/embedded and core/log/kafka. tests/contract runs one suite on both.
//
// Words. A *topic* has *partitions*; a partition is a dense or gapped, strictly rising sequence of *records*
// by offset. A topic has an *incarnation*: another one means that the offsets start anew (topic deleted, log
// folder replaced).
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/uuid.h"

namespace plumbline::log {

struct Header {
  std::string_view name;
  std::string_view value;
};

struct TopicPartition {
  std::string topic;
  std::int32_t partition = 0;
  auto operator<=>(const TopicPartition&) const = default;
};

// What a topic must be. Bounds are checked at start and named when they don't hold.
struct TopicSpec {
  std::string name;
  std::int32_t partitions = 8;
  bool compacted = false;                  // keeps the newest record of each key; an empty value deletes it
  std::chrono::milliseconds retention{0};  // 0: for ever
  std::int64_t retention_bytes = -1;       // per partition; -1: unbounded
  std::int64_t record_bytes_max = 1 << 20;
  std::int16_t replication = 1;  // Kafka only
};

struct TopicInfo {
  std::int32_t partitions = 0;
  std::string incarnation;  // opaque; equal as long as positions stay meaningful
};

// A record to append. Everything is borrowed until Producer::submit returns.
struct Record {
  std::string_view topic;
  std::int32_t partition = 0;
  std::string_view key;
  std::string_view value;  // empty on a compacted topic: a tombstone
  std::span<const Header> headers;
  std::int64_t timestamp_ms =
      0;  // time of receipt, never of the event: retention works by it (TRAPS, "The machine")
};

// What became of one appended record.
struct Ack {
  enum class Status : std::uint8_t {
    kDurable,      // on disk (embedded: fdatasync; Kafka: acks=all)
    kRefused,      // certainly not in the log: queue full, too large, unknown topic
    kUnconfirmed,  // may or may not be in the log: time-out, broker gone, disk error
  };
  std::uint64_t token = 0;  // as given to append
  Status status = Status::kRefused;
  std::int64_t offset = -1;      // when durable
  std::string_view reason = {};  // static storage; empty when durable
};

// Told of acks in bursts, on a thread of the log; must not block and must not call back into the Producer.
class AckListener {
 public:
  virtual ~AckListener() = default;
  virtual void on_acks(std::span<const Ack> acks) noexcept = 0;
};

// Appends for one thread: make one per worker. Records of one producer to one partition keep their order.
// Not thread-safe; several producers share the group commit underneath. Each appended record is acked exactly
// once, also when the log closes. The destructor waits for outstanding acks (bounded by the delivery
// time-out).
class Producer {
 public:
  virtual ~Producer() = default;
  // Queues a record for the next submit. `token` comes back in the ack.
  virtual void append(const Record& record, std::uint64_t token) = 0;
  // Hands over everything appended since the last submit: once per event-loop turn, so that batches form
  // naturally.
  virtual void submit() = 0;
};

// A record as read. Views live until the next poll of the same reader or its destruction.
struct ReadRecord {
  std::string_view topic;
  std::int32_t partition = 0;
  std::int64_t offset = -1;
  std::int64_t timestamp_ms = 0;
  std::string_view key;
  std::string_view value;
  std::span<const Header> headers;

  [[nodiscard]] std::string_view header(std::string_view name) const {
    for (const Header& h : headers) {
      if (h.name == name) return h.value;
    }
    return {};
  }
};

// Where reading starts. An offset without a value means the oldest record kept.
struct StartPosition {
  TopicPartition at;
  std::optional<std::int64_t> offset;  // next offset to read
  std::string incarnation;             // of the stored position; empty: not checked
};

// A group member learns what it owns. Called on the thread that polls, from inside poll.
class AssignmentListener {
 public:
  virtual ~AssignmentListener() = default;
  // Positions come from the store, never from the log (DESIGN section 5). One StartPosition for each
  // partition. A failure makes poll fail with the same error; poll may then be tried again.
  virtual Result<std::vector<StartPosition>> on_assigned(std::span<const TopicPartition> partitions) = 0;
  virtual void on_revoked(std::span<const TopicPartition> partitions) = 0;
};

// Reads records. Not thread-safe: one thread polls.
class Reader {
 public:
  virtual ~Reader() = default;
  // Waits until there is something, `wait` has passed or `stop` is requested; then returns what is there, up
  // to about `bytes_max` bytes of values (always at least one record). Empty is not an error. Errors: code
  // "position_lost" (fatal): a start position lies past the end, below retention or in another incarnation;
  // message names partition, position and what the log holds. Retryable: the log can't be reached.
  virtual Result<std::span<const ReadRecord>> poll(std::size_t bytes_max, std::chrono::milliseconds wait,
                                                   std::stop_token stop) = 0;
  virtual Status seek(const TopicPartition& at, std::int64_t offset) = 0;
  // A hint for lag displays and Kafka tools; the store's position is the truth.
  virtual void commit_hint(const TopicPartition& at, std::int64_t next_offset) = 0;
  // What is owned or being read now.
  [[nodiscard]] virtual std::vector<TopicPartition> assignment() const = 0;
};

struct Watermarks {
  std::int64_t low = 0;   // oldest offset kept
  std::int64_t high = 0;  // next offset to be written (durably)
};

// Thread-safe unless a returned object says otherwise.
class Log {
 public:
  virtual ~Log() = default;
  // Creates the topic or checks an existing one against the spec (fewer partitions, a smaller record limit,
  // compaction that differs: refused with what to change; shorter retention: a warning in the info log).
  virtual Status ensure_topic(const TopicSpec& spec) = 0;
  virtual Result<TopicInfo> topic(std::string_view name) = 0;
  [[nodiscard]] virtual Result<std::vector<std::string>> topics() = 0;
  virtual Result<Watermarks> watermarks(const TopicPartition& at) = 0;
  // The listener must outlive the producer.
  virtual Result<std::unique_ptr<Producer>> producer(AckListener& listener) = 0;
  // A member of a consumer group: partitions are shared with the other members. The listener must outlive the
  // reader.
  virtual Result<std::unique_ptr<Reader>> join_group(std::string_view group,
                                                     std::span<const std::string> topics,
                                                     AssignmentListener& listener) = 0;
  // Reads the given partitions alone, outside any group (keys, tools, tests).
  virtual Result<std::unique_ptr<Reader>> reader(std::span<const StartPosition> from) = 0;
  // True while appends can be expected to become durable; the reason otherwise.
  [[nodiscard]] virtual Status healthy() = 0;
};

// Convenience for tools, tests and slow paths: appends one record and waits for its ack.
Result<std::int64_t> append_and_wait(Log& log, const Record& record);

// FNV-1a over the key, as every Plumbline producer picks a partition: order per key on both backends.
[[nodiscard]] constexpr std::int32_t partition_of(std::string_view key, std::int32_t partitions) {
  std::uint64_t hash = 1469598103934665603ULL;
  for (char c : key) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  hash ^= hash >> 32;
  return static_cast<std::int32_t>(hash % static_cast<std::uint64_t>(partitions));
}

}  // namespace plumbline::log
