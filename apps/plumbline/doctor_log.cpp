#include <fmt/format.h>

#include "apps/plumbline/doctor.h"
#include "core/frame.h"
#include "core/log/open/open_log.h"

namespace plumbline::app {
namespace {

Finding check_topic(log::Log& log, std::string_view name) {
  auto info = log.topic(name);
  if (!info) {
    return {Health::kWarn, std::string(name),
            info.error().message +
                "; `plumbline up` or `plumbline edge` makes "
                "the topics at its start"};
  }
  std::int64_t records = 0;
  for (std::int32_t p = 0; p < info->partitions; ++p) {
    auto marks = log.watermarks({std::string(name), p});
    if (!marks) return {Health::kFail, std::string(name), marks.error().message};
    records += marks->high - marks->low;
  }
  return {Health::kGood, std::string(name),
          fmt::format("{} partitions, {} offsets kept", info->partitions, records)};
}

}  // namespace

Findings check_log(const config::Config& config) {
  auto log = log::open_log(config, log::Access::kClient);
  if (!log) return {{Health::kFail, "log", log.error().message}};
  if (Status healthy = (*log)->healthy(); !healthy) return {{Health::kFail, "log", healthy.error().message}};
  Findings findings{{Health::kGood, "log", config.log + " takes appends"}};
  for (const std::string_view topic : {frame::kTracesTopic, frame::kReportsTopic, frame::kDeadTopic,
                                       frame::kOutcomesTopic, frame::kKeysTopic}) {
    findings.push_back(check_topic(**log, topic));
  }
  return findings;
}

}  // namespace plumbline::app
