// Control::ensure_topic: creates a topic, or says what an existing one lacks.
#include <charconv>
#include <thread>

#include "core/log/kafka/control.h"
#include "core/telemetry/logging.h"

namespace plumbline::log::kafka {
namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

constexpr milliseconds kAdminWait = 30s;
constexpr milliseconds kMetadataWait = 10s;
// How long a topic that another process just made may show other settings than it was made with.
constexpr milliseconds kSettingsWait = 15s;

std::string policy_of(const TopicSpec& spec) {
  return spec.compacted ? "compact" : "delete";
}

std::int64_t retention_of(const TopicSpec& spec) {
  return spec.retention.count() > 0 ? spec.retention.count() : -1;
}

Error mismatch(const TopicSpec& spec, const std::string& what, const std::string& fix) {
  return fatal("topic_mismatch", "kafka: topic " + spec.name + " " + what + "; " + fix);
}

// kafka-configs, the tool that comes with every broker.
std::string alter(const TopicSpec& spec, const std::string& setting) {
  return "kafka-configs.sh --alter --topic " + spec.name + " --add-config " + setting;
}

std::int64_t number(std::string_view text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

Status check_entry(const TopicSpec& spec, std::string_view name, std::string_view value) {
  if (name == "cleanup.policy" && (value.find("compact") != std::string_view::npos) != spec.compacted) {
    return mismatch(spec,
                    "has cleanup.policy=" + std::string(value) + " where " + policy_of(spec) + " is needed",
                    alter(spec, "cleanup.policy=" + policy_of(spec)));
  }
  if (name == "max.message.bytes" && number(value) < wire_bytes_max(spec)) {
    const std::string needed = std::to_string(wire_bytes_max(spec));
    return mismatch(spec,
                    "takes records up to max.message.bytes=" + std::string(value) + ", needed are " + needed,
                    alter(spec, "max.message.bytes=" + needed));
  }
  if (name == "retention.ms" && !spec.compacted) {
    const std::int64_t held = number(value);
    const std::int64_t wanted = retention_of(spec);
    if (held >= 0 && (wanted < 0 || held < wanted)) {
      telemetry::warn(
          "topic_retention_shorter",
          {{"topic", std::string_view(spec.name)}, {"retention_ms", held}, {"wanted_ms", wanted}});
    }
  }
  return ok_status();
}

}  // namespace

Result<Event> Control::run(rd_kafka_admin_op_t kind, rd_kafka_event_type_t answer, auto&& start) {
  const Queue queue(rd_kafka_queue_new(client_.get()));
  const AdminOptions options(rd_kafka_AdminOptions_new(client_.get(), kind));
  char why[256];
  const int wait = static_cast<int>(kAdminWait.count());
  if (kind == RD_KAFKA_ADMIN_OP_CREATETOPICS)
    rd_kafka_AdminOptions_set_operation_timeout(options.get(), wait, why, sizeof why);
  rd_kafka_AdminOptions_set_request_timeout(options.get(), wait, why, sizeof why);
  start(options.get(), queue.get());
  Event event(rd_kafka_queue_poll(queue.get(), wait + 5000));
  if (!event || rd_kafka_event_type(event.get()) != answer)
    return to_error(RD_KAFKA_RESP_ERR__TIMED_OUT, "administration");
  if (const auto code = rd_kafka_event_error(event.get()); code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return to_error(code, "administration", rd_kafka_event_error_string(event.get()));
  return event;
}

Result<bool> Control::create(const TopicSpec& spec) {
  char why[512];
  const NewTopic wanted(
      rd_kafka_NewTopic_new(spec.name.c_str(), spec.partitions, spec.replication, why, sizeof why));
  if (!wanted) return fatal("topic_mismatch", "kafka: topic " + spec.name + ": " + why);
  const Settings settings = {
      {"cleanup.policy", policy_of(spec)},
      {"retention.ms", std::to_string(retention_of(spec))},
      {"retention.bytes", std::to_string(spec.retention_bytes)},
      {"max.message.bytes", std::to_string(wire_bytes_max(spec))},
      // With three copies one broker may be away and a power cut of one still loses nothing.
      {"min.insync.replicas", spec.replication >= 3 ? "2" : "1"},
      {"message.timestamp.type", "CreateTime"},
  };
  for (const auto& [name, value] : settings)
    rd_kafka_NewTopic_set_config(wanted.get(), name.c_str(), value.c_str());
  rd_kafka_NewTopic_t* list[] = {wanted.get()};
  auto event =
      run(RD_KAFKA_ADMIN_OP_CREATETOPICS, RD_KAFKA_EVENT_CREATETOPICS_RESULT,
          [&](auto* options, auto* queue) { rd_kafka_CreateTopics(client_.get(), list, 1, options, queue); });
  if (!event) return event.error();
  std::size_t count = 0;
  const auto* results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event->get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto code = rd_kafka_topic_result_error(results[i]);
    if (code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) return false;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    const char* detail = rd_kafka_topic_result_error_string(results[i]);
    Error error = to_error(code, "create topic " + spec.name, detail == nullptr ? "" : detail);
    if (code == RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR)
      error.message += "; set kafka.replication to at most the number of brokers";
    return error;
  }
  return true;
}

Status Control::check_configs(const TopicSpec& spec) {
  const ConfigResource wanted(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, spec.name.c_str()));
  rd_kafka_ConfigResource_t* list[] = {wanted.get()};
  auto event = run(
      RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, RD_KAFKA_EVENT_DESCRIBECONFIGS_RESULT,
      [&](auto* options, auto* queue) { rd_kafka_DescribeConfigs(client_.get(), list, 1, options, queue); });
  if (!event) return event.error();
  std::size_t count = 0;
  const auto* found =
      rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event->get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    if (const auto code = rd_kafka_ConfigResource_error(found[i]); code != RD_KAFKA_RESP_ERR_NO_ERROR) {
      // A cluster may forbid looking; the topic then is as its owner says.
      telemetry::warn("topic_not_described", {{"topic", std::string_view(spec.name)},
                                              {"reason", std::string_view(rd_kafka_err2name(code))}});
      continue;
    }
    std::size_t entries = 0;
    const auto* configs = rd_kafka_ConfigResource_configs(found[i], &entries);
    for (std::size_t e = 0; e < entries; ++e) {
      const char* value = rd_kafka_ConfigEntry_value(configs[e]);
      Status good = check_entry(spec, rd_kafka_ConfigEntry_name(configs[e]), value == nullptr ? "" : value);
      if (!good) return good;
    }
  }
  return ok_status();
}

Status Control::check(const TopicSpec& spec) {
  const auto until = std::chrono::steady_clock::now() + kMetadataWait;
  auto found = facts(spec.name, kMetadataWait);
  // A topic just made takes a moment to be known everywhere and to get its leaders.
  while ((!found && (found.error().fault == Fault::kRetryable || found.error().code == "unknown_topic")) ||
         (found && found->leaders < found->partitions)) {
    if (std::chrono::steady_clock::now() > until) break;
    std::this_thread::sleep_for(20ms);
    found = facts(spec.name, kMetadataWait);
  }
  if (!found) return found.error();
  if (found->partitions < spec.partitions) {
    const std::string has = std::to_string(found->partitions);
    return mismatch(spec, "has " + has + " partitions, configured are " + std::to_string(spec.partitions),
                    "set topics.partitions = " + has + " or add partitions while nothing is in flight");
  }
  if (found->replication < spec.replication) {
    const std::string has = std::to_string(found->replication);
    return mismatch(spec, "is kept " + has + " times, configured are " + std::to_string(spec.replication),
                    "set kafka.replication = " + has + " or reassign its partitions to more brokers");
  }
  // Its settings follow its name: until then a broker answers with its own defaults.
  const auto settled = std::chrono::steady_clock::now() + kSettingsWait;
  for (;;) {
    Status good = check_configs(spec);
    if (good || good.error().code != "topic_mismatch" || std::chrono::steady_clock::now() > settled)
      return good;
    std::this_thread::sleep_for(50ms);
  }
}

Status Control::ensure_topic(const TopicSpec& spec) {
  auto found = facts(spec.name, kMetadataWait);
  if (!found && found.error().code != "unknown_topic") return found.error();
  if (!found) {
    auto made = create(spec);
    if (!made) return made.error();
  }
  return check(spec);
}

}  // namespace plumbline::log::kafka
