#include "consumers/persist/persist.h"

#include <algorithm>

#include "consumers/persist/meters.h"
#include "core/frame.h"
#include "core/telemetry/logging.h"

namespace plumbline::persist {
namespace {

// No edge run is silent in a partition for so long and then goes on; keeps frame_sequences small.
constexpr std::int64_t kSequenceKeptUs = 90LL * 86400 * 1000000;
// An erasure is noticed within this; erase_tenant is run again for what slipped in before.
constexpr auto kTenantsEvery = postgres::kFloorsReadWithin;
constexpr std::int64_t kPruneEveryUs = 3600LL * 1000000;

}  // namespace

Persist::Persist(log::Log& log, const Clock& clock, telemetry::Metrics& metrics, std::size_t rows_max)
    : clock_(clock),
      rows_max_(rows_max),
      meters_(std::make_unique<Meters>(metrics)),
      publisher_(log),
      pruned_at_(clock.now()) {}

Persist::~Persist() = default;

std::vector<std::string> Persist::topics() const {
  return {std::string(frame::kTracesTopic), std::string(frame::kReportsTopic),
          std::string(frame::kOutcomesTopic), std::string(frame::kDeadTopic)};
}

Status Persist::connected(pg::Connection& connection) {
  store_.forget_days();
  return store_.prepare_session(connection);
}

Status Persist::assigned(pg::Connection& connection, std::span<const postgres::Position> positions) {
  for (const postgres::Position& position : positions) {
    const std::int16_t topic = topic_number(position.at.topic);
    std::erase_if(state_.sequences, [&](const auto& entry) {
      return entry.first.topic == topic && entry.first.partition == position.at.partition;
    });
    auto loaded = postgres::load_sequences(connection, topic, position.at.partition);
    if (!loaded) return loaded.error();
    state_.sequences.merge(*loaded);
  }
  return load_tenants(connection);
}

Status Persist::load_tenants(pg::Connection& connection) {
  auto rows = connection.query("SELECT id FROM plumbline.tenants WHERE status = 'erased'");
  if (!rows) return rows.error();
  state_.erased.clear();
  for (int row = 0; row < rows->size(); ++row) {
    if (const auto id = Uuid::parse(rows->text(row, 0))) state_.erased.insert({*id});
  }
  auto floors = postgres::load_floors(connection);
  if (!floors) return floors.error();
  floors_moved_ = floors_moved_ || state_.floors != *floors;
  state_.floors = std::move(*floors);
  tenants_at_ = clock_.monotonic();
  return ok_status();
}

Status Persist::refresh(pg::Connection& connection) {
  if (clock_.monotonic() - tenants_at_ <= kTenantsEvery) return ok_status();
  return load_tenants(connection);
}

std::size_t Persist::fold(std::span<const loop::Input> inputs) {
  partitions_retried_ = floors_moved_ = false;
  return persist::fold(state_, inputs, rows_max_, decoder_, effects_);
}

// A batch may have waited for PostgreSQL while floors were raised, and what lies below them removed.
void Persist::kill_below_floors() {
  const auto below = [&](const postgres::TraceKey& key) {
    const auto floor = state_.floors.find(key.tenant);
    return floor != state_.floors.end() && key.time < floor->second;
  };
  const auto items = effects_.traces.items();
  for (std::uint32_t i = 0; i < items.size(); ++i) {
    if (below(items[i].key)) effects_.trace_places[i].dead = below_floor();
  }
  for (auto& report : effects_.reports) {
    if (below(report.row.key)) report.dead = below_floor();
  }
  floors_moved_ = false;
}

Status Persist::prepare(pg::Connection& connection) {
  if (Status fresh = refresh(connection); !fresh) return fresh;
  if (floors_moved_) kill_below_floors();
  const auto items = effects_.traces.items();
  for (std::uint32_t i = 0; i < items.size(); ++i) {
    if (effects_.trace_places[i].dead) continue;
    Status ready = store_.ensure_day(connection, items[i].key.time);
    if (ready) continue;
    if (ready.error().fault != Fault::kPoison) return ready;
    effects_.trace_places[i].dead = Verdict{"time_out_of_range", ready.error().message};
  }
  return drop_old_sequences(connection);
}

Status Persist::drop_old_sequences(pg::Connection& connection) {
  const TimeUs now = clock_.now();
  if (now.value - pruned_at_.value < kPruneEveryUs) return ok_status();
  pruned_at_ = now;
  const TimeUs oldest{now.value - kSequenceKeptUs};
  std::erase_if(state_.sequences, [&](const auto& entry) { return entry.second.seen_at < oldest; });
  return postgres::drop_sequences_before(connection, oldest);
}

Status Persist::store_reports(pg::Connection& connection, std::span<const std::uint32_t> chosen) {
  std::vector<const postgres::ReportRow*> rows;
  rows.reserve(chosen.size());
  for (const std::uint32_t i : chosen) rows.push_back(&effects_.reports[i].row);
  auto outcomes = postgres::store_reports(connection, rows);
  if (!outcomes) return outcomes.error();
  for (std::size_t i = 0; i < chosen.size(); ++i) report_outcomes_[chosen[i]] = (*outcomes)[i];
  return ok_status();
}

Status Persist::store(pg::Connection& connection, std::span<const Unit> units) {
  chosen_.clear();
  for (const Unit& unit : units) {
    if (!unit.report) chosen_.push_back(unit.at);
  }
  if (Status done = store_.store(connection, effects_.traces, chosen_, trace_outcomes_); !done) return done;
  chosen_.clear();
  for (const Unit& unit : units) {
    if (unit.report) chosen_.push_back(unit.at);
  }
  return store_reports(connection, chosen_);
}

std::vector<Persist::Unit> Persist::living() const {
  std::vector<Unit> units;
  units.reserve(effects_.trace_places.size() + effects_.reports.size());
  for (std::uint32_t i = 0; i < effects_.trace_places.size(); ++i) {
    if (!effects_.trace_places[i].dead) units.push_back({false, i});
  }
  for (std::uint32_t i = 0; i < effects_.reports.size(); ++i) {
    if (!effects_.reports[i].dead) units.push_back({true, i});
  }
  return units;
}

Status Persist::apply(pg::Connection& connection) {
  trace_outcomes_.assign(effects_.trace_places.size(), StoreOutcome::kDead);
  report_outcomes_.assign(effects_.reports.size(), StoreOutcome::kDead);
  if (Status stored = store(connection, living()); !stored) return stored;
  tally();
  // Before COMMIT, so that a dead letter is never committed without being published.
  if (Status told = publisher_.publish(letters_); !told) return told;
  if (auto rows = postgres::insert_dead_letters(connection, letters_); !rows) return rows.error();
  if (auto rows = postgres::insert_dead_letters(connection, row_letters_); !rows) return rows.error();
  if (auto rows = postgres::insert_dead_letters(connection, effects_.others_dead); !rows) return rows.error();
  if (Status done = postgres::add_ledger(connection, ledger_); !done) return done;
  if (Status done = postgres::merge_edge_outcomes(connection, effects_.edge); !done) return done;
  if (Status done = postgres::save_sequences(connection, effects_.sequences); !done) return done;
  if (Status done = postgres::insert_holes(connection, effects_.holes); !done) return done;
  return postgres::touch_keys(connection, effects_.keys);
}

void Persist::committed() {
  for (auto& [key, sequence] : effects_.sequences) state_.sequences[key] = sequence;
  for (const auto& [key, counts] : ledger_) meters_->add(counts);
  meters_->erased.add(effects_.erased);
  for (const postgres::Hole& hole : effects_.holes) {
    meters_->holes.add(static_cast<std::uint64_t>(hole.frames));
    telemetry::warn("log_hole", {{"topic", std::int64_t{hole.at.topic}},
                                 {"partition", std::int64_t{hole.at.partition}},
                                 {"first_seq", hole.first_seq},
                                 {"frames", hole.frames}});
  }
}

}  // namespace plumbline::persist
