// Tables of drift (0040_drift.sql): what the consumer remembers, and the drifts and events that it finds. All
// in the caller's transaction unless a function says otherwise. Stateless functions; one connection, one
// thread.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/ids.h"
#include "core/pg/connection.h"
#include "core/result.h"
#include "core/time.h"
#include "core/uuid.h"

namespace plumbline::postgres {

struct DriftStreamId {
  TenantId tenant;
  Uuid stream;
  auto operator<=>(const DriftStreamId&) const = default;
};

struct DriftReportKey {
  TimeUs time;
  Uuid id;
  auto operator<=>(const DriftReportKey&) const = default;
};

struct DriftStreamRow {
  DriftStreamId id;
  std::string repo, branch;
  std::int64_t version = 0;  // of the row as it is read; save writes the next one
  TimeUs last_time;
  std::optional<DriftReportKey> tail, base;
  std::string state, base_state;  // empty: none
  std::optional<Uuid> announced_drift, announced_incident;
};

// A report of a run before its last one.
struct DriftEarlier {
  DriftReportKey key;
  std::string commit, version;
};

// A run of reports (0090_drift_runs.sql): the last one, and those before it, which passed or failed alike,
// broke no layer and had no state kept. Read from drift_history: a run of one.
struct DriftReportRow {
  DriftStreamId stream;
  DriftReportKey key;
  bool passed = false;
  std::int32_t layer_total = 0;
  std::string commit, version;
  std::string layer;                 // empty: none
  std::optional<std::string> state;  // nullopt: not kept
  std::vector<DriftEarlier> earlier;
};

struct DriftRow {
  DriftStreamId stream;
  Uuid drift, incident;
  std::string repo, branch, severity;
  DriftReportKey opened, previous;
  std::string opened_commit, opened_version, previous_commit, previous_version;
  TimeUs passing_since, updated_at;
  std::optional<DriftReportKey> resolved;
  std::string resolved_commit, resolved_version;
  std::string violations;  // JSON
  std::int32_t violations_total = 0;
};

struct DriftEventRow {
  TenantId tenant;
  Uuid id;
  std::int16_t lane = 0;
  std::string key, type;
  TimeUs time, recorded_at;
  bool notify = false, late = false, correction = false;
  std::optional<Uuid> stream, drift;
  std::string repo, branch, agent;
  std::optional<DriftReportKey> report;
  std::string body;
};

// A type in which rows are handed over: its number in PostgreSQL, and its columns.
struct DriftRowType {
  std::uint32_t number = 0, columns = 0;
};
// What belongs to a connection.
struct DriftSession {
  DriftRowType stream, report, drift, event;
};
// Once after every connect.
Result<DriftSession> prepare_drift_session(pg::Connection& connection);

// Lanes of the outbox. A key belongs to one for ever: changing this needs an empty outbox.
inline constexpr std::int32_t kDriftLanes = 64;
[[nodiscard]] std::int16_t drift_lane(std::string_view key);

// Those that are there, in no order.
Result<std::vector<DriftStreamRow>> load_drift_streams(pg::Connection& connection,
                                                       std::span<const DriftStreamId> ids);
// Inserts (version 0) or replaces them. False: one was changed by another process since it was read; roll
// back and read again.
Result<bool> save_drift_streams(pg::Connection& connection, const DriftSession& session,
                                std::span<const DriftStreamRow> rows);

// Which of these reports are there: an index each.
Result<std::vector<std::size_t>> known_drift_reports(
    pg::Connection& connection, std::span<const std::pair<DriftStreamId, DriftReportKey>> keys);
Status insert_drift_reports(pg::Connection& connection, const DriftSession& session,
                            std::span<const DriftReportRow> rows);
// Removes a branch's runs that end after `after` (nullopt: all), which must be the last report of a run.
Status drop_drift_reports(pg::Connection& connection, const DriftStreamId& id,
                          const std::optional<DriftReportKey>& after);

// What a late report needs: the newest report before `key` whose state is kept, every report after that one,
// and the events in force that those gave.
struct DriftHistory {
  std::optional<DriftReportRow> start;
  std::vector<DriftReportRow> reports;
  std::vector<std::pair<Uuid, DriftReportKey>> events;
};
Result<DriftHistory> load_drift_history(pg::Connection& connection, const DriftStreamId& id,
                                        const DriftReportKey& key);

Status save_drifts(pg::Connection& connection, const DriftSession& session, std::span<const DriftRow> rows);
// Removes drifts that opened after `after` (nullopt: all) but for `keep`.
Status drop_drifts(pg::Connection& connection, const DriftStreamId& id,
                   const std::optional<DriftReportKey>& after, std::span<const Uuid> keep);

// Each event once; one that was withdrawn comes into force again and is published again. Returns how many
// rows were written.
Result<std::int64_t> add_drift_events(pg::Connection& connection, const DriftSession& session,
                                      std::span<const DriftEventRow> rows);
Status withdraw_drift_events(pg::Connection& connection, TenantId tenant, std::span<const Uuid> ids,
                             TimeUs at);

}  // namespace plumbline::postgres
