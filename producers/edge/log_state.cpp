#include "producers/edge/log_state.h"

#include "core/frame.h"
#include "core/telemetry/logging.h"

namespace plumbline::edge {

Status LogState::ask(log::Log& log) {
  Partitions found = partitions();
  const std::pair<std::string_view, std::int32_t*> wanted[] = {{frame::kTracesTopic, &found.traces},
                                                               {frame::kReportsTopic, &found.reports},
                                                               {frame::kOutcomesTopic, &found.outcomes}};
  for (const auto& [name, partitions] : wanted) {
    if (*partitions > 0) continue;
    const auto info = log.topic(name);
    if (!info) return info.error();
    *partitions = info->partitions;
  }
  {
    const std::scoped_lock lock(mutex_);
    partitions_ = found;
  }
  return log.healthy();
}

void LogState::refresh(log::Log& log) {
  const Status status = ask(log);
  const bool was_up = up_.load(std::memory_order_relaxed);
  {
    const std::scoped_lock lock(mutex_);
    reason_ = status ? "" : status.error().code + ": " + status.error().message;
  }
  fatal_.store(!status && status.error().fault == Fault::kFatal, std::memory_order_release);
  full_.store(!status && status.error().code == "no_space", std::memory_order_release);
  up_.store(status.ok(), std::memory_order_release);
  if (was_up && !status) telemetry::warn("edge_log_down", {{"reason", status.error().message}});
  if (!was_up && status) telemetry::info("edge_log_up");
}

std::string LogState::reason() const {
  const std::scoped_lock lock(mutex_);
  return reason_;
}

LogState::Partitions LogState::partitions() const {
  const std::scoped_lock lock(mutex_);
  return partitions_;
}

}  // namespace plumbline::edge
