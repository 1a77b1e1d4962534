// plumbline log ls|tail|copy
#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "apps/plumbline/command.h"
#include "apps/plumbline/control.h"
#include "core/limits.h"
#include "core/log/open/open_log.h"
#include "core/log/tools/copy.h"

namespace plumbline::app {
namespace {

namespace tools = log::tools;

int list(const config::Config& config, const std::string& topic) {
  auto opened = log::open_log(config, log::Access::kClient);
  if (!opened) return fail(opened.error());
  auto lines = tools::list(**opened, topic);
  if (!lines) return fail(lines.error());
  fmt::print("{:<24} {:>9} {:>14} {:>14} {:>14}\n", "topic", "partition", "oldest", "next", "records");
  for (const tools::PartitionLine& line : *lines) {
    fmt::print("{:<24} {:>9} {:>14} {:>14} {:>14}\n", line.at.topic, line.at.partition, line.marks.low,
               line.marks.high, line.marks.high - line.marks.low);
  }
  return kOk;
}

int tail(const config::Config& config, const tools::TailOptions& options, bool payload) {
  auto opened = log::open_log(config, log::Access::kClient);
  if (!opened) return fail(opened.error());
  const Status done = tools::tail(**opened, options, {}, [payload](const log::ReadRecord& record) {
    fmt::print("{}\n", tools::to_line(record, payload));
    std::fflush(stdout);
  });
  return done ? kOk : fail(done.error());
}

// What the topics are made like at the target: the same as the edge makes them.
std::vector<log::TopicSpec> specs(const config::Config& config, const std::vector<std::string>& names) {
  std::vector<log::TopicSpec> all;
  for (const std::string& name : names) {
    log::TopicSpec spec;
    spec.name = name;
    spec.compacted = name.starts_with("keys.");
    spec.retention = spec.compacted ? std::chrono::milliseconds{0} : config.topics.retention;
    spec.retention_bytes = spec.compacted ? -1 : config.topics.retention_bytes;
    spec.record_bytes_max = static_cast<std::int64_t>(limits::kRecordBytesMax);
    spec.replication = static_cast<std::int16_t>(config.kafka.replication);
    all.push_back(spec);
  }
  return all;
}

int copy(const config::Config& config, const std::string& to) {
  if (to == config.log) {
    return fail(
        fatal("config", "the configuration already says log = \"" + to + "\"; copy goes to the other one"));
  }
  config::Config target = config;
  target.log = to;
  auto source = log::open_log(config, log::Access::kAuto);
  if (!source) return fail(source.error());
  auto sink = log::open_log(target, log::Access::kAuto);
  if (!sink) return fail(sink.error());
  auto names = (*source)->topics();
  if (!names) return fail(names.error());
  tools::CopyOptions options;
  options.topics = specs(config, *names);
  auto done = tools::copy(**source, **sink, options, {}, [](const tools::CopyProgress& now) {
    fmt::print(stderr, "\r{}/{}: {} copied ", now.at.topic, now.at.partition, now.copied);
  });
  fmt::print(stderr, "\n");
  if (!done) return fail(done.error());
  for (const tools::CopyProgress& line : *done) {
    fmt::print("{}/{}: {} copied, {} were there\n", line.at.topic, line.at.partition, line.copied,
               line.skipped);
  }
  fmt::print(
      "positions differ between logs: set log = \"{}\" and start persist anew; the store skips what it has\n",
      to);
  return kOk;
}

}  // namespace

void add_log(Commands& commands) {
  CLI::App& group = commands.group("log", "look into the message log, move it to the other backend");
  const auto topic = std::make_shared<std::string>();
  commands
      .add(group, "ls", "topics, partitions and what they hold",
           [topic](const config::Loaded& loaded) { return list(loaded.config, *topic); })
      .add_option("topic", *topic, "only this one");

  const auto options = std::make_shared<tools::TailOptions>();
  const auto payload = std::make_shared<bool>(false);
  CLI::App& tail_command = commands.add(
      group, "tail", "newest records: address, time, key, headers, sizes",
      [options, payload](const config::Loaded& loaded) { return tail(loaded.config, *options, *payload); });
  tail_command.add_option("topic", options->topic, "such as traces.v1")->required();
  tail_command.add_option("--partition", options->partition, "only this one");
  tail_command.add_option("--last", options->last, "records of each partition; -1: all")
      ->capture_default_str();
  tail_command.add_flag("--follow", options->follow, "go on with what comes");
  tail_command.add_flag("--payload", *payload, "also the traces themselves, which may be confidential");

  const auto to = std::make_shared<std::string>();
  commands
      .add(group, "copy", "copy the history to the other backend; may be interrupted and run again",
           [to](const config::Loaded& loaded) { return copy(loaded.config, *to); })
      .add_option("--to", *to, "embedded or kafka")
      ->required()
      ->check(CLI::IsMember({"embedded", "kafka"}));
}

}  // namespace plumbline::app
