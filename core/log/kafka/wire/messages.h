// The four requests that producing needs, in versions that brokers from 2.1 to 4.x know (Apache Kafka,
// "Protocol Messages"): ApiVersions 0, Metadata 4, InitProducerId 0, Produce 7. Encoders append a whole
// frame, its length in front; decoders take what follows an answer's correlation id. Thread-safe.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/log/kafka/wire/bytes.h"
#include "core/result.h"

namespace plumbline::log::kafka::wire {

// Of an idempotent producer, as a broker gave it out; sequences of each partition begin at 0 with it.
struct Identity {
  std::int64_t id = -1;
  std::int16_t epoch = -1;
  [[nodiscard]] bool known() const { return id >= 0; }
  bool operator==(const Identity&) const = default;
};

struct NodeAddress {
  std::int32_t id = -1;
  std::string host;
  int port = 0;
};

struct LeaderOf {
  std::string topic;
  std::int32_t partition = 0;
  std::int32_t node = -1;  // -1: none now
};

struct Cluster {
  std::vector<NodeAddress> nodes;
  std::vector<LeaderOf> leaders;
  std::string
      trouble;  // what is wrong with a topic or partition that was asked about, by name; the first of them
};

struct Produced {
  std::string_view topic;  // of the answer's bytes
  std::int32_t partition = 0;
  std::int16_t error = 0;
  std::int64_t base_offset = -1;
};

void ask_versions(std::string& out, std::int32_t correlation);
void ask_metadata(std::string& out, std::int32_t correlation, std::span<const std::string> topics);
void ask_identity(std::string& out, std::int32_t correlation);

// A Produce frame is written in pieces, as batches are not copied into it: begin, then for each topic its
// name, for each partition its head with the batch behind it, and finish with the bytes of all batches.
class ProduceHead {
 public:
  static void begin(std::string& out, std::int32_t correlation, std::int32_t timeout_ms, std::int32_t topics);
  static void topic(std::string& out, std::string_view name, std::int32_t partitions);
  static void partition(std::string& out, std::int32_t index, std::size_t batch_bytes);
  // `bytes` of everything, batches included.
  static void finish(std::string& out, std::size_t bytes) {
    put32(out.data(), static_cast<std::int32_t>(bytes - 4));
  }
};

// Errors: "kafka_version" (fatal, names what the broker lacks) and "kafka_answer" (retryable: cut short or
// not what was asked for; or the broker's own error code, by name).
[[nodiscard]] Status read_versions(std::string_view answer);
[[nodiscard]] Result<Cluster> read_metadata(std::string_view answer);
[[nodiscard]] Result<Identity> read_identity(std::string_view answer);
[[nodiscard]] Status read_produced(std::string_view answer, std::vector<Produced>& out);

// What an error of one partition means for the batch that it answers.
enum class Fate : std::uint8_t {
  kDurable,
  kRefused,  // certainly not in the log, and will not be
  kAgain,    // the same batch again, after a while
  kMoved,    // the same, once it is known who leads the partition now
  kBroken,   // its place in the sequence is lost; may be in the log
  kFenced,   // its identity is of no use any more; may be in the log
};
[[nodiscard]] Fate fate_of(std::int16_t error);

}  // namespace plumbline::log::kafka::wire
