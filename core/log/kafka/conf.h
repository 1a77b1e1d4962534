// Settings of every client of librdkafka: the user's kafka.options first refused where a promise rests on
// them, then ours. Thread-safe.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "core/config/config.h"
#include "core/log/kafka/handles.h"
#include "core/result.h"

namespace plumbline::log::kafka {

using Settings = std::vector<std::pair<std::string, std::string>>;

// One batch of the producer on the wire. A topic's max.message.bytes must hold it, or small records fail
// together.
inline constexpr std::int64_t kBatchBytes = 1'000'000;
// What a batch's header and a record's own varints add to the bytes of its key, value and headers; lz4 of
// noise too.
inline constexpr std::int64_t kFramingBytes = 64 << 10;

[[nodiscard]] Settings producer_settings(const config::Kafka& config);
[[nodiscard]] Settings reader_settings(const config::Kafka& config);  // without group.id
[[nodiscard]] Settings group_settings(const config::Kafka& config, std::string group);
// Metadata, watermarks and administration; never creates a topic by asking for it.
[[nodiscard]] Settings control_settings(const config::Kafka& config);

// Errors: code "config", naming the option and what to do instead.
[[nodiscard]] Result<Conf> make_conf(const config::Kafka& config, const Settings& settings);
[[nodiscard]] Result<Client> make_client(rd_kafka_type_t type, Conf conf);

}  // namespace plumbline::log::kafka
