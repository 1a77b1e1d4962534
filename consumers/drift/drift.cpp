#include "consumers/drift/drift.h"

#include <algorithm>

#include "consumers/drift/meters.h"
#include "core/frame.h"
#include "core/limits.h"
#include "sinks/postgres/drift_settings.h"

namespace plumbline::drift {
namespace {

// Changed matchers and erased tenants are noticed within this.
constexpr std::int64_t kSettingsEveryUs = 5LL * 1000000;
constexpr std::int64_t kAheadUs = std::chrono::microseconds(limits::kEventAheadMax).count();

std::string_view next_line(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return line;
}

}  // namespace

DriftConsumer::DriftConsumer(log::Log& log, const Clock& clock, telemetry::Metrics& metrics,
                             const DriftOptions& options,
                             std::function<void(const std::set<std::int16_t>&)> found)
    : clock_(clock),
      options_(options),
      meters_(std::make_unique<Meters>(metrics)),
      found_(std::move(found)),
      publisher_(log) {}

DriftConsumer::~DriftConsumer() = default;

std::vector<std::string> DriftConsumer::topics() const {
  return {std::string(frame::kReportsTopic)};
}

Status DriftConsumer::connected(pg::Connection& connection) {
  settings_at_ = {};
  auto session = postgres::prepare_drift_session(connection);
  if (!session) return session.error();
  session_ = *session;
  return ok_status();
}

Status DriftConsumer::assigned(pg::Connection& connection,
                               std::span<const postgres::Position> /*positions*/) {
  cache_.clear();
  bool changed = false;
  return load_settings(connection, &changed);
}

Status DriftConsumer::load_settings(pg::Connection& connection, bool* changed) {
  auto settings = postgres::load_drift_settings(connection);
  if (!settings) return settings.error();
  std::map<TenantId, Matchers> matchers;
  for (postgres::DriftMatchersRow& row : settings->matchers) {
    matchers[row.tenant] = {std::move(row.ids), std::move(row.words)};
  }
  std::set<TenantId> erased(settings->erased.begin(), settings->erased.end());
  *changed = matchers != matchers_ || erased != erased_;
  matchers_ = std::move(matchers);
  erased_ = std::move(erased);
  settings_at_ = clock_.now();
  return ok_status();
}

std::size_t DriftConsumer::fold(std::span<const loop::Input> inputs) {
  lines_.clear();
  letters_.clear();
  decoder_.begin();
  if (heard_.size() >= options_.streams_max) heard_.clear();  // here, where no line points to one
  std::size_t taken = 0;
  for (const loop::Input& input : inputs) {
    if (taken > 0 && lines_.size() >= options_.rows_max) break;
    fold_record(input);
    ++taken;
  }
  inputs_ = inputs.first(taken);
  return taken;
}

void DriftConsumer::fold_record(const loop::Input& input) {
  const log::ReadRecord& record = *input.record;
  auto meta = metas_.parse(record);
  if (!meta) return meters_->skipped.add();
  if (erased_.contains(meta->tenant)) return;
  const auto own = matchers_.find(meta->tenant);
  const Matchers& matchers = own == matchers_.end() ? default_matchers_ : own->second;
  std::string_view rest = record.value, summaries = meta->summary;
  std::int32_t index = -1;
  do {
    // The lines say how many there are, whatever the summaries do.
    const std::string_view text = next_line(rest);
    const std::string_view summary = next_line(summaries);
    ++index;
    auto seen = decoder_.decode(text, summary, matchers);
    if (!seen || seen->repo.empty() || seen->key.time.value - meta->received_at.value > kAheadUs) {
      meters_->skipped.add();
      continue;
    }
    Line& line = lines_.emplace_back();
    line.heard = &heard_of(meta->tenant, seen->repo, seen->branch);
    line.seen = std::move(*seen);
    line.receipt.fresh = input.fresh;
    line.receipt.timely =
        meta->received_at.value - line.seen.key.time.value <= options_.notify_age_max.count();
    line.received_at = meta->received_at;
    line.record = &record;
    line.index = index;
    line.text = text;
  } while (!rest.empty());
}

DriftConsumer::Heard& DriftConsumer::heard_of(const TenantId& tenant, std::string_view repo,
                                              std::string_view branch) {
  stream_key_.assign(reinterpret_cast<const char*>(tenant.value.bytes.data()), tenant.value.bytes.size());
  stream_key_.append(std::to_string(repo.size())).append(" ").append(repo).append(branch);
  const auto found = heard_.find(stream_key_);
  if (found != heard_.end()) return found->second;
  return heard_.emplace(stream_key_, Heard{make_stream(tenant, repo, branch)}).first->second;
}

Status DriftConsumer::prepare(pg::Connection& connection) {
  if (clock_.now().value - settings_at_.value <= kSettingsEveryUs) return ok_status();
  bool changed = false;
  if (Status loaded = load_settings(connection, &changed); !loaded) return loaded;
  if (!changed) return ok_status();
  lines_.clear();  // the batch was folded by what holds no more
  letters_.clear();
  decoder_.begin();
  for (const loop::Input& input : inputs_) fold_record(input);
  return ok_status();
}

void DriftConsumer::committed() {
  for (Known& known : next_) cache_[known.stream.id] = std::move(known);
  next_.clear();
  for (const auto& [what, count] : counts_) {
    if (what == "reports") {
      meters_->reports.add(count);
    } else if (what == "late") {
      meters_->late.add(count);
    } else if (what == "copies") {
      meters_->copies.add(count);
    } else if (what == "old") {
      meters_->skipped.add(count);
    } else {
      meters_->events(what).add(count);
    }
  }
  counts_.clear();
  if (!lanes_.empty()) found_(lanes_);
  lanes_.clear();
}

}  // namespace plumbline::drift
