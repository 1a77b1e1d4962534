#include "core/log/kafka/conf.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "core/limits.h"
#include "core/telemetry/logging.h"

namespace plumbline::log::kafka {
namespace {

// librdkafka sends a request for each partition, so what matters is how many records wait in one. 64 clients
// waiting, 8 partitions: 0.5 ms 32 us of CPU a trace and 23,300 a second, 1 ms 28 and 26,200, 2 ms 31 and
// 21,000, 4 ms 38 and 11,500. Holding a turn's records back until the one before is acknowledged: 37 and
// 18,000.
constexpr const char* kLingerMs = "1";

// Keys that carry an invariant, and why they are not the user's.
constexpr std::array<std::pair<std::string_view, std::string_view>, 21> kOwned = {{
    {"bootstrap.servers", "set kafka.brokers"},
    {"metadata.broker.list", "set kafka.brokers"},
    {"acks", "a 2xx means durable: it is always all"},
    {"request.required.acks", "a 2xx means durable: it is always all"},
    {"enable.idempotence", "the producer is always idempotent"},
    {"enable.gapless.guarantee", "a producer that fails is rebuilt by itself"},
    {"transactional.id", "positions are written with the rows, in PostgreSQL"},
    {"max.in.flight", "the idempotent producer sets it"},
    {"max.in.flight.requests.per.connection", "the idempotent producer sets it"},
    {"retries", "the delivery time-out bounds them: set kafka.delivery_timeout"},
    {"message.send.max.retries", "the delivery time-out bounds them: set kafka.delivery_timeout"},
    {"message.timeout.ms", "set kafka.delivery_timeout"},
    {"delivery.timeout.ms", "set kafka.delivery_timeout"},
    {"session.timeout.ms", "set kafka.session_timeout"},
    {"group.id", "a consumer's name is its group"},
    {"enable.auto.commit", "positions live in PostgreSQL"},
    {"enable.auto.offset.store", "positions live in PostgreSQL"},
    {"auto.offset.reset", "a lost position stops with an alarm, never resets"},
    {"partition.assignment.strategy", "only an eager assignment resumes at stored positions"},
    {"check.crcs", "a damaged record must never be read"},
    {"message.max.bytes", "it follows the largest record Plumbline writes"},
}};

void to_log(const rd_kafka_t* client, int level, const char* facility, const char* text) {
  constexpr int kWarning = 4;  // syslog
  const auto mapped = level < kWarning ? telemetry::Level::kWarn : telemetry::Level::kInfo;
  telemetry::write(mapped, "kafka_client",
                   {{"client", std::string_view(rd_kafka_name(client))},
                    {"facility", std::string_view(facility)},
                    {"detail", std::string_view(text)}});
}

Settings common(const config::Kafka& config) {
  return {{"bootstrap.servers", config.brokers},
          {"client.id", "plumbline"},
          {"reconnect.backoff.ms", "50"},
          {"reconnect.backoff.max.ms", "1000"},  // the default of 10 s is how long recovery would take
          {"log.connection.close", "false"},     // idle connections close every ten minutes: no news
          {"socket.keepalive.enable", "true"},
          {"message.max.bytes",
           std::to_string(static_cast<std::int64_t>(limits::kRecordBytesMax) + kFramingBytes)}};
}

Settings joined(Settings first, const Settings& more) {
  first.insert(first.end(), more.begin(), more.end());
  return first;
}

}  // namespace

Settings producer_settings(const config::Kafka& config) {
  return joined(common(config),
                {{"acks", "all"},
                 {"enable.idempotence", "true"},
                 {"compression.type", "lz4"},
                 {"linger.ms", kLingerMs},
                 {"batch.size", std::to_string(kBatchBytes)},
                 {"queue.buffering.max.kbytes",
                  std::to_string(std::max<std::int64_t>(1, config.queue_bytes_max >> 10))},
                 {"queue.buffering.max.messages", "1000000"},  // bytes are the bound that matters
                 {"message.timeout.ms", std::to_string(config.delivery_timeout.count())}});
}

Settings reader_settings(const config::Kafka& config) {
  return joined(common(config), {{"enable.auto.commit", "false"},
                                 {"enable.auto.offset.store", "false"},
                                 {"auto.offset.reset", "error"},
                                 {"check.crcs", "true"},
                                 {"allow.auto.create.topics", "false"},
                                 {"fetch.error.backoff.ms", "100"},
                                 {"fetch.wait.max.ms", "100"},
                                 {"max.partition.fetch.bytes", std::to_string(4 << 20)},
                                 {"queued.max.messages.kbytes", std::to_string(32 << 10)}});
}

Settings group_settings(const config::Kafka& config, std::string group) {
  return joined(
      reader_settings(config),
      {{"group.id", std::move(group)},
       {"session.timeout.ms", std::to_string(config.session_timeout.count())},
       {"heartbeat.interval.ms",
        std::to_string(std::max<std::int64_t>(500, config.session_timeout.count() / 5))},
       // Eager on purpose: cooperative rebalancing of librdkafka before 2.4 can resume at an old position.
       {"partition.assignment.strategy", "range"}});
}

Settings control_settings(const config::Kafka& config) {
  return joined(common(config), {{"allow.auto.create.topics", "false"}, {"enable.auto.commit", "false"}});
}

Result<Conf> make_conf(const config::Kafka& config, const Settings& settings) {
  Conf conf(rd_kafka_conf_new());
  rd_kafka_conf_set_log_cb(conf.get(), to_log);
  char why[512];
  for (const auto& [name, value] : settings) {
    if (rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), why, sizeof why) != RD_KAFKA_CONF_OK)
      return fatal("config", "kafka: " + std::string(why));
  }
  for (const auto& [name, value] : config.options) {
    for (const auto& [owned, instead] : kOwned) {
      if (name == owned)
        return fatal("config", "kafka.options." + name + " is not yours to set: " + std::string(instead));
    }
    if (rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), why, sizeof why) != RD_KAFKA_CONF_OK)
      return fatal("config", "kafka.options." + name + " is refused by librdkafka: " + why);
  }
  return conf;
}

Result<Client> make_client(rd_kafka_type_t type, Conf conf) {
  char why[512];
  rd_kafka_t* made = rd_kafka_new(type, conf.get(), why, sizeof why);
  if (made == nullptr) return fatal("config", std::string("kafka: ") + why + "; check kafka.options");
  (void)conf.release();  // owned by the client now
  return Client(made);
}

}  // namespace plumbline::log::kafka
