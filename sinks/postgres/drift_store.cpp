#include "sinks/postgres/drift_store.h"

#include <algorithm>
#include <map>

#include "core/log/log.h"
#include "sinks/postgres/drift_session.h"
#include "sinks/postgres/trace_store_arrays.h"

namespace plumbline::postgres {
namespace {

constexpr const char* kLoadStreams =
    "SELECT s.tenant_id, s.stream_id, s.repo, s.branch, s.version, "
    "(extract(epoch FROM s.last_time) * 1000000)::bigint, (extract(epoch FROM s.tail_time) * "
    "1000000)::bigint, "
    "s.tail_report, s.state, s.announced_drift, s.announced_incident, "
    "(extract(epoch FROM s.base_time) * 1000000)::bigint, s.base_report, s.base_state "
    "FROM unnest($1::uuid[], $2::uuid[]) k(tenant_id, stream_id) "
    "JOIN plumbline.drift_streams s ON s.tenant_id = k.tenant_id AND s.stream_id = k.stream_id";

constexpr const char* kSaveStreams =
    "INSERT INTO plumbline.drift_streams AS s (tenant_id, stream_id, repo, branch, version, last_time, "
    "tail_time, tail_report, state, announced_drift, announced_incident) "
    "SELECT * FROM unnest($1::pg_temp.drift_stream_row[]) "
    "ON CONFLICT (tenant_id, stream_id) DO UPDATE SET version = excluded.version, last_time = "
    "excluded.last_time, tail_time = excluded.tail_time, tail_report = excluded.tail_report, state = "
    "excluded.state, announced_drift = excluded.announced_drift, announced_incident = "
    "excluded.announced_incident WHERE s.version = excluded.version - 1";

// The run that would hold it is the first that ends at it or later.
constexpr const char* kKnownReports =
    "SELECT k.at FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::uuid[], $5::int8[]) "
    "k(tenant_id, stream_id, time, report_id, at) CROSS JOIN LATERAL (SELECT time, report_id, earlier_times, "
    "earlier_ids FROM plumbline.drift_reports WHERE tenant_id = k.tenant_id AND stream_id = k.stream_id AND "
    "(time, report_id) >= (k.time, k.report_id) ORDER BY time, report_id LIMIT 1) r WHERE (r.time, "
    "r.report_id) = (k.time, k.report_id) OR EXISTS (SELECT FROM unnest(r.earlier_times, r.earlier_ids) "
    "e(time, id) WHERE e.time = k.time AND e.id = k.report_id)";

constexpr const char* kInsertReports =
    "INSERT INTO plumbline.drift_reports (tenant_id, stream_id, time, report_id, passed, layer_total, "
    "commit, version, layer, state, reports, earlier_times, earlier_ids, earlier_commits, earlier_versions) "
    "SELECT tenant_id, stream_id, time, report_id, passed, layer_total, commit, version, layer, state, "
    "reports, nullif(times, '{}'), nullif(ids, '{}'), nullif(commits, '{}'), nullif(versions, '{}') FROM "
    "unnest($1::pg_temp.drift_report_row[])";

constexpr const char* kDropReports =
    "DELETE FROM plumbline.drift_reports WHERE tenant_id = $1::uuid AND stream_id = $2::uuid AND (time, "
    "report_id) > ($3::timestamptz, $4::uuid)";

constexpr const char* kStart =
    "SELECT (extract(epoch FROM time) * 1000000)::bigint, report_id, passed, layer_total, commit, version, "
    "layer, state FROM plumbline.drift_reports WHERE tenant_id = $1::uuid AND stream_id = $2::uuid "
    "AND (time, report_id) < ($3::timestamptz, $4::uuid) AND state IS NOT NULL "
    "ORDER BY time DESC, report_id DESC LIMIT 1";
constexpr const char* kAfter =
    "SELECT (extract(epoch FROM time) * 1000000)::bigint, report_id, passed, layer_total, commit, version, "
    "layer, state FROM plumbline.drift_history WHERE tenant_id = $1::uuid AND stream_id = $2::uuid "
    "AND (time, report_id) > ($3::timestamptz, $4::uuid) ORDER BY time, report_id";
constexpr const char* kEventsAfter =
    "SELECT event_id, (extract(epoch FROM report_time) * 1000000)::bigint, report_id "
    "FROM plumbline.drift_events WHERE tenant_id = $1::uuid AND stream_id = $2::uuid AND withdrawn_at IS "
    "NULL "
    "AND NOT correction AND (report_time, report_id) > ($3::timestamptz, $4::uuid)";

std::optional<Uuid> uuid_at(const pg::Rows& rows, int row, int column) {
  return rows.is_null(row, column) ? std::nullopt : Uuid::parse(rows.text(row, column));
}

std::optional<DriftReportKey> key_at(const pg::Rows& rows, int row, int column) {
  const auto id = uuid_at(rows, row, column + 1);
  if (!id || rows.is_null(row, column)) return std::nullopt;
  return DriftReportKey{{rows.integer(row, column)}, *id};
}

DriftStreamRow stream_at(const pg::Rows& rows, int row) {
  DriftStreamRow made;
  made.id = {{uuid_at(rows, row, 0).value_or(Uuid{})}, uuid_at(rows, row, 1).value_or(Uuid{})};
  made.repo = rows.text(row, 2);
  made.branch = rows.text(row, 3);
  made.version = rows.integer(row, 4);
  made.last_time = {rows.integer(row, 5)};
  made.tail = key_at(rows, row, 6);
  made.state = rows.text(row, 8);
  made.announced_drift = uuid_at(rows, row, 9);
  made.announced_incident = uuid_at(rows, row, 10);
  made.base = key_at(rows, row, 11);
  made.base_state = rows.text(row, 13);
  return made;
}

DriftReportRow report_at(const pg::Rows& rows, int row, const DriftStreamId& id) {
  DriftReportRow made;
  made.stream = id;
  made.key = key_at(rows, row, 0).value_or(DriftReportKey{});
  made.passed = rows.text(row, 2) == "t";
  made.layer_total = static_cast<std::int32_t>(rows.integer(row, 3));
  made.commit = rows.text(row, 4);
  made.version = rows.text(row, 5);
  made.layer = rows.text(row, 6);
  if (!rows.is_null(row, 7)) made.state = std::string(rows.text(row, 7));
  return made;
}

// Nobody reads an array that says nothing.
void add_texts(RecordRow& out, std::span<const DriftEarlier> earlier, std::string DriftEarlier::*text) {
  const bool any = std::any_of(earlier.begin(), earlier.end(),
                               [&](const DriftEarlier& one) { return !(one.*text).empty(); });
  out.array(kWireText, any ? earlier : std::span<const DriftEarlier>(),
            [&](Wire& wire, const DriftEarlier& one) { wire.bytes(one.*text); });
}

void add_earlier(RecordRow& out, std::span<const DriftEarlier> earlier) {
  out.int4(static_cast<std::int32_t>(earlier.size() + 1));
  out.array(kWireTime, earlier, [](Wire& wire, const DriftEarlier& one) { wire.time(one.key.time); });
  out.array(kWireUuid, earlier, [](Wire& wire, const DriftEarlier& one) { wire.uuid(one.key.id); });
  add_texts(out, earlier, &DriftEarlier::commit);
  add_texts(out, earlier, &DriftEarlier::version);
}

}  // namespace

std::int16_t drift_lane(std::string_view key) {
  return static_cast<std::int16_t>(log::partition_of(key, kDriftLanes));
}

Result<std::vector<DriftStreamRow>> load_drift_streams(pg::Connection& c,
                                                       std::span<const DriftStreamId> ids) {
  std::vector<DriftStreamRow> found;
  if (ids.empty()) return found;
  TextArray tenants, streams;
  for (const DriftStreamId& id : ids) {
    tenants.add(id.tenant.value.to_string());
    streams.add(id.stream.to_string());
  }
  auto rows = c.query(kLoadStreams, {tenants.text(), streams.text()});
  if (!rows) return rows.error();
  for (int i = 0; i < rows->size(); ++i) found.push_back(stream_at(*rows, i));
  return found;
}

Result<bool> save_drift_streams(pg::Connection& c, const DriftSession& session,
                                std::span<const DriftStreamRow> rows) {
  auto saved =
      send_rows(c, kSaveStreams, session.stream, rows, [](const DriftStreamRow& row, RecordRow& out) {
        out.uuid(row.id.tenant.value);
        out.uuid(row.id.stream);
        out.text(row.repo);
        out.text(row.branch);
        out.int8(row.version + 1);
        out.time(row.last_time);
        add_key(out, row.tail);
        out.name(row.state);
        out.uuid(row.announced_drift);
        out.uuid(row.announced_incident);
      });
  if (!saved) return saved.error();
  return *saved == static_cast<std::int64_t>(rows.size());
}

Result<std::vector<std::size_t>> known_drift_reports(
    pg::Connection& c, std::span<const std::pair<DriftStreamId, DriftReportKey>> keys) {
  std::vector<std::size_t> known;
  if (keys.empty()) return known;
  TextArray tenant, stream, time, id, at;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    tenant.add(keys[i].first.tenant.value.to_string());
    stream.add(keys[i].first.stream.to_string());
    time.add(format_rfc3339(keys[i].second.time));
    id.add(keys[i].second.id.to_string());
    at.add(static_cast<std::int64_t>(i));
  }
  auto rows = c.query(kKnownReports, {tenant.text(), stream.text(), time.text(), id.text(), at.text()});
  if (!rows) return rows.error();
  for (int i = 0; i < rows->size(); ++i) known.push_back(static_cast<std::size_t>(rows->integer(i, 0)));
  return known;
}

Status insert_drift_reports(pg::Connection& c, const DriftSession& session,
                            std::span<const DriftReportRow> rows) {
  auto done =
      send_rows(c, kInsertReports, session.report, rows, [](const DriftReportRow& row, RecordRow& out) {
        out.uuid(row.stream.tenant.value);
        out.uuid(row.stream.stream);
        out.time(row.key.time);
        out.uuid(row.key.id);
        out.boolean(row.passed);
        out.int4(row.layer_total);
        out.name(row.commit);
        out.name(row.version);
        out.name(row.layer);
        out.name(row.state ? std::string_view(*row.state) : std::string_view());
        add_earlier(out, row.earlier);
      });
  if (!done) return done.error();
  return ok_status();
}

Status drop_drift_reports(pg::Connection& c, const DriftStreamId& id,
                          const std::optional<DriftReportKey>& after) {
  auto done = c.query(kDropReports, {id.tenant.value.to_string(), id.stream.to_string(),
                                     after ? format_rfc3339(after->time) : "-infinity",
                                     (after ? after->id : Uuid{}).to_string()});
  if (!done) return done.error();
  return ok_status();
}

Result<DriftHistory> load_drift_history(pg::Connection& c, const DriftStreamId& id,
                                        const DriftReportKey& key) {
  DriftHistory history;
  const std::string tenant = id.tenant.value.to_string(), stream = id.stream.to_string();
  auto start = c.query(kStart, {tenant, stream, format_rfc3339(key.time), key.id.to_string()});
  if (!start) return start.error();
  if (start->size() > 0) history.start = report_at(*start, 0, id);
  const std::string after_time = history.start ? format_rfc3339(history.start->key.time) : "-infinity";
  const std::string after_id = (history.start ? history.start->key.id : Uuid{}).to_string();
  auto reports = c.query(kAfter, {tenant, stream, after_time, after_id});
  if (!reports) return reports.error();
  for (int i = 0; i < reports->size(); ++i) history.reports.push_back(report_at(*reports, i, id));
  auto events = c.query(kEventsAfter, {tenant, stream, after_time, after_id});
  if (!events) return events.error();
  for (int i = 0; i < events->size(); ++i) {
    history.events.emplace_back(uuid_at(*events, i, 0).value_or(Uuid{}),
                                key_at(*events, i, 1).value_or(DriftReportKey{}));
  }
  return history;
}

}  // namespace plumbline::postgres
