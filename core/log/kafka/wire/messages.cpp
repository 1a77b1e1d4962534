#include "core/log/kafka/wire/messages.h"

#include <array>

#include <librdkafka/rdkafka.h>

namespace plumbline::log::kafka::wire {
namespace {

// Number and version of a request.
struct Api {
  std::int16_t key, version;
  const char* name;
};
constexpr Api kProduce{0, 7, "Produce"}, kMetadata{3, 4, "Metadata"}, kVersions{18, 0, "ApiVersions"},
    kIdentity{22, 0, "InitProducerId"};

constexpr std::string_view kClientId = "plumbline";

std::size_t head(std::string& out, Api api, std::int32_t correlation) {
  const std::size_t at = out.size();
  Writer w(out);
  w.i32(0);  // the length, written when it is known
  w.i16(api.key);
  w.i16(api.version);
  w.i32(correlation);
  w.text(kClientId);
  return at;
}

void tail(std::string& out, std::size_t at) {
  put32(out.data() + at, static_cast<std::int32_t>(out.size() - at - 4));
}

Error cut_short(const char* what) {
  return retryable("kafka_answer", std::string("kafka: a broker's answer to ") + what + " makes no sense");
}

Error refused(const char* what, std::int16_t code) {
  return retryable("kafka_answer", std::string("kafka: ") + what + ": " +
                                       rd_kafka_err2str(static_cast<rd_kafka_resp_err_t>(code)));
}

}  // namespace

void ask_versions(std::string& out, std::int32_t correlation) {
  tail(out, head(out, kVersions, correlation));
}

void ask_metadata(std::string& out, std::int32_t correlation, std::span<const std::string> topics) {
  const std::size_t at = head(out, kMetadata, correlation);
  Writer w(out);
  w.i32(static_cast<std::int32_t>(topics.size()));
  for (const std::string& topic : topics) w.text(topic);
  w.i8(0);  // never creates a topic by asking for it
  tail(out, at);
}

void ask_identity(std::string& out, std::int32_t correlation) {
  const std::size_t at = head(out, kIdentity, correlation);
  Writer w(out);
  w.i16(-1);  // no transactional id
  w.i32(60'000);
  tail(out, at);
}

void ProduceHead::begin(std::string& out, std::int32_t correlation, std::int32_t timeout_ms,
                        std::int32_t topics) {
  head(out, kProduce, correlation);
  Writer w(out);
  w.i16(-1);  // no transactional id
  w.i16(-1);  // acks=all
  w.i32(timeout_ms);
  w.i32(topics);
}

void ProduceHead::topic(std::string& out, std::string_view name, std::int32_t partitions) {
  Writer w(out);
  w.text(name);
  w.i32(partitions);
}

void ProduceHead::partition(std::string& out, std::int32_t index, std::size_t batch_bytes) {
  Writer w(out);
  w.i32(index);
  w.i32(static_cast<std::int32_t>(batch_bytes));
}

Status read_versions(std::string_view answer) {
  Reader r(answer);
  const std::int16_t error = r.i16();
  std::array<Api, 3> wanted{kProduce, kMetadata, kIdentity};
  std::array<bool, 3> found{};
  for (std::int32_t left = r.count(6); left > 0; --left) {
    const std::int16_t key = r.i16(), low = r.i16(), high = r.i16();
    for (std::size_t i = 0; i < wanted.size(); ++i)
      found[i] = found[i] || (wanted[i].key == key && low <= wanted[i].version && wanted[i].version <= high);
  }
  if (!r.ok()) return cut_short("ApiVersions");
  if (error != 0) return refused("ApiVersions", error);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (!found[i])
      return fatal("kafka_version", std::string("kafka: the broker does not know ") + wanted[i].name + " " +
                                        std::to_string(wanted[i].version) +
                                        ", which Kafka 2.1 to 4.x do; set kafka.producer = \"librdkafka\"");
  }
  return ok_status();
}

Result<Cluster> read_metadata(std::string_view answer) {
  Reader r(answer);
  Cluster cluster;
  r.i32();  // throttled for
  for (std::int32_t left = r.count(12); left > 0; --left) {
    NodeAddress node;
    node.id = r.i32();
    node.host = r.text();
    node.port = r.i32();
    r.text();  // rack
    cluster.nodes.push_back(std::move(node));
  }
  r.text();  // cluster id
  r.i32();   // controller
  for (std::int32_t left = r.count(9); left > 0; --left) {
    const std::int16_t whole =
        r.i16();  // then there are no partitions, and what waits for them goes on waiting
    const std::string_view topic = r.text();
    const auto note = [&](const std::string& what, std::int16_t code) {
      if (code != 0 && cluster.trouble.empty())
        cluster.trouble = what + ": " + rd_kafka_err2str(static_cast<rd_kafka_resp_err_t>(code));
    };
    note("topic " + std::string(topic), whole);
    r.i8();  // internal
    for (std::int32_t partitions = r.count(18); partitions > 0; --partitions) {
      const std::int16_t error = r.i16();
      LeaderOf leader{std::string(topic), r.i32(), r.i32()};
      for (int lists = 0; lists < 2; ++lists) {  // replicas, those in sync
        for (std::int32_t ids = r.count(4); ids > 0; --ids) r.i32();
      }
      // REPLICA_NOT_AVAILABLE tells of a copy, not of the leader.
      if (error != 0 && error != RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE) {
        leader.node = -1;
        note(leader.topic + "/" + std::to_string(leader.partition), error);
      }
      cluster.leaders.push_back(std::move(leader));
    }
  }
  if (!r.ok()) return cut_short("Metadata");
  return cluster;
}

Result<Identity> read_identity(std::string_view answer) {
  Reader r(answer);
  r.i32();  // throttled for
  const std::int16_t error = r.i16();
  Identity identity;
  identity.id = r.i64();
  identity.epoch = r.i16();
  if (!r.ok()) return cut_short("InitProducerId");
  if (error != 0) return refused("a producer's id", error);
  if (identity.id < 0 || identity.epoch < 0) return cut_short("InitProducerId");
  return identity;
}

Status read_produced(std::string_view answer, std::vector<Produced>& out) {
  out.clear();
  Reader r(answer);
  for (std::int32_t topics = r.count(6); topics > 0; --topics) {
    const std::string_view topic = r.text();
    for (std::int32_t left = r.count(30); left > 0; --left) {
      Produced one;
      one.topic = topic;
      one.partition = r.i32();
      one.error = r.i16();
      one.base_offset = r.i64();
      r.i64();  // time of the log's append
      r.i64();  // where the log starts
      out.push_back(one);
    }
  }
  if (!r.ok()) return cut_short("Produce");
  return ok_status();
}

Fate fate_of(std::int16_t error) {
  switch (static_cast<rd_kafka_resp_err_t>(error)) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
    case RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER:  // stored by an attempt before
      return Fate::kDurable;
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_COMPRESSION_TYPE:
      return Fate::kRefused;
    case RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER:
    case RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID:
      return Fate::kBroken;
    case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
    case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING:
    case RD_KAFKA_RESP_ERR_PRODUCER_FENCED:
      return Fate::kFenced;
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR:
    case RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:  // as a leader says that its cluster has cut off
      return Fate::kMoved;
    default:  // NOT_ENOUGH_REPLICAS and whatever later brokers may say: until the time-out
      return Fate::kAgain;
  }
}

}  // namespace plumbline::log::kafka::wire
