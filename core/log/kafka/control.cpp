#include "core/log/kafka/control.h"

#include <algorithm>
#include <thread>

#include "core/frame.h"

namespace plumbline::log::kafka {
namespace {

int ms(std::chrono::milliseconds wait) {
  return static_cast<int>(wait.count());
}

bool passing(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
    case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
    case RD_KAFKA_RESP_ERR_INVALID_PARTITIONS:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR__FATAL:
      return false;
    default:
      return true;
  }
}

std::string word(rd_kafka_resp_err_t code) {
  if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
      code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION)
    return "unknown_topic";
  return passing(code) ? "log_unreachable" : "log_refused";
}

TopicFacts to_facts(const rd_kafka_metadata_topic_t& topic) {
  TopicFacts facts{topic.partition_cnt, topic.partition_cnt > 0 ? topic.partitions[0].replica_cnt : 0, 0};
  for (int i = 0; i < topic.partition_cnt; ++i) {
    facts.replication = std::min(facts.replication, topic.partitions[i].replica_cnt);
    facts.leaders += topic.partitions[i].leader >= 0 ? 1 : 0;
  }
  return facts;
}

}  // namespace

Error to_error(rd_kafka_resp_err_t code, std::string_view doing, std::string_view detail) {
  std::string text = "kafka: " + std::string(doing) + ": " + rd_kafka_err2str(code);
  if (!detail.empty()) text += " (" + std::string(detail) + ")";
  if (code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__TIMED_OUT)
    text += "; is a broker listening at kafka.brokers?";
  return {passing(code) ? Fault::kRetryable : Fault::kFatal, word(code), std::move(text)};
}

Result<std::unique_ptr<Control>> Control::open(const config::Kafka& config) {
  auto conf = make_conf(config, control_settings(config));
  if (!conf) return conf.error();
  auto client = make_client(RD_KAFKA_CONSUMER, std::move(*conf));
  if (!client) return client.error();
  return std::make_unique<Control>(std::move(*client));
}

Status Control::ping(std::chrono::milliseconds wait) {
  // About one topic, whether it is there or not: asked about none, librdkafka 2.0 asks about all that it has
  // in its cache and lets the broker make those that aren't there, with settings that are not ours
  // (rd_kafka_metadata).
  const Topic handle(rd_kafka_topic_new(client_.get(), std::string(frame::kKeysTopic).c_str(), nullptr));
  const rd_kafka_metadata_t* raw = nullptr;
  const auto code = rd_kafka_metadata(client_.get(), 0, handle.get(), &raw, ms(wait));
  const Metadata held(raw);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return to_error(code, "metadata");
  return ok_status();
}

Result<TopicFacts> Control::facts(std::string_view topic, std::chrono::milliseconds wait) {
  const std::string name(topic);
  const Topic handle(rd_kafka_topic_new(client_.get(), name.c_str(), nullptr));
  const rd_kafka_metadata_t* raw = nullptr;
  const auto code = rd_kafka_metadata(client_.get(), 0, handle.get(), &raw, ms(wait));
  const Metadata held(raw);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return to_error(code, "metadata of topic " + name);
  for (int i = 0; i < raw->topic_cnt; ++i) {
    if (name != raw->topics[i].topic) continue;
    if (raw->topics[i].err == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE && raw->topics[i].partition_cnt > 0)
      return to_facts(raw->topics[i]);
    if (raw->topics[i].err != RD_KAFKA_RESP_ERR_NO_ERROR)
      return to_error(raw->topics[i].err, "topic " + name);
    return to_facts(raw->topics[i]);
  }
  return fatal("unknown_topic", "kafka: there is no topic " + name + "; the edge creates it at start");
}

Result<std::vector<std::string>> Control::topics(std::chrono::milliseconds wait) {
  const rd_kafka_metadata_t* raw = nullptr;
  const auto code = rd_kafka_metadata(client_.get(), 1, nullptr, &raw, ms(wait));
  const Metadata held(raw);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return to_error(code, "metadata of all topics");
  std::vector<std::string> names;
  for (int i = 0; i < raw->topic_cnt; ++i) {
    const std::string_view name = raw->topics[i].topic;
    if (!name.starts_with("__")) names.emplace_back(name);  // Kafka's own
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<Watermarks> Control::watermarks(const TopicPartition& at, std::chrono::milliseconds wait) {
  Watermarks marks;
  const auto ask = [&] {
    return rd_kafka_query_watermark_offsets(client_.get(), at.topic.c_str(), at.partition, &marks.low,
                                            &marks.high, ms(wait));
  };
  // A partition that was only just made, or whose broker was, has no leader for a moment.
  const auto deadline = std::chrono::steady_clock::now() + wait;
  auto code = ask();
  while ((code == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION ||
          code == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE) &&
         std::chrono::steady_clock::now() < deadline) {
    const rd_kafka_metadata_t* raw = nullptr;  // asks anew who leads
    if (rd_kafka_metadata(client_.get(), 1, nullptr, &raw, ms(wait)) == RD_KAFKA_RESP_ERR_NO_ERROR) {
      const Metadata held(raw);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    code = ask();
  }
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return to_error(code, "watermarks of " + at.topic + "/" + std::to_string(at.partition));
  return marks;
}

Result<std::string> Control::cluster_id(std::chrono::milliseconds wait) {
  char* id = rd_kafka_clusterid(client_.get(), ms(wait));
  if (id == nullptr) return to_error(RD_KAFKA_RESP_ERR__TIMED_OUT, "cluster id");
  std::string text(id);
  rd_kafka_mem_free(client_.get(), id);
  return text;
}

}  // namespace plumbline::log::kafka
