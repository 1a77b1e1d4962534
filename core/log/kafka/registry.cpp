#include "core/log/kafka/registry.h"

#include "core/limits.h"

namespace plumbline::log::kafka {
namespace {

using namespace std::chrono_literals;
constexpr std::chrono::milliseconds kAskWait = 3s;
constexpr std::chrono::milliseconds kAskAgain = 1s;

}  // namespace

void Registry::ensured(const TopicSpec& spec, std::int32_t partitions) {
  const std::lock_guard hold(mutex_);
  topics_[spec.name] = {{partitions, spec.record_bytes_max}, {}, {}};
}

KnownTopic Registry::find(std::string_view topic, std::string_view& reason) {
  const std::lock_guard hold(mutex_);
  auto found = topics_.find(topic);
  if (found == topics_.end()) found = topics_.emplace(std::string(topic), Entry{}).first;
  Entry& entry = found->second;
  const auto now = std::chrono::steady_clock::now();
  if (entry.known.partitions == 0 &&
      (entry.asked.time_since_epoch().count() == 0 || now - entry.asked > kAskAgain)) {
    auto facts = control_->facts(topic, kAskWait);
    entry.asked = std::chrono::steady_clock::now();
    entry.reason = facts ? "" : facts.error().code == "unknown_topic" ? "unknown_topic" : "log_down";
    if (facts) entry.known = {facts->partitions, static_cast<std::int64_t>(limits::kRecordBytesMax)};
  }
  reason = entry.reason;
  return entry.known;
}

}  // namespace plumbline::log::kafka
