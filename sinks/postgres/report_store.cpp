#include "sinks/postgres/report_store.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <string>
#include <tuple>

#include "sinks/postgres/trace_store_arrays.h"

namespace plumbline::postgres {
namespace {

constexpr const char* kInsertReports =
    "INSERT INTO plumbline.reports (tenant_id, time, id, digest, received_at, log_offset, log_partition, "
    "log_index, topic, agent, session, repo, branch, commit, version, status, score, ai_health_score, "
    "structural_score, duration_ms, violations, payload) "
    "SELECT r.* FROM unnest($1::uuid[], $2::timestamptz[], $3::uuid[], $4::uuid[], $5::timestamptz[], "
    "$6::int8[], $7::int4[], $8::int4[], $9::int2[], $10::text[], $11::text[], $12::text[], $13::text[], "
    "$14::text[], $15::text[], $16::text[], $17::float8[], $18::float8[], $19::float8[], $20::float8[], "
    "$21::int4[], $22::text[]) AS r "
    "ON CONFLICT (tenant_id, time, id) DO NOTHING "
    "RETURNING topic::int, log_partition, log_offset, log_index";
constexpr const char* kInsertViolations =
    "INSERT INTO plumbline.violations (tenant_id, time, report_id, repo, ordinal, line, end_line, files, "
    "gate, title, severity, provenance, category, file, details) "
    "SELECT v.* FROM unnest($1::uuid[], $2::timestamptz[], $3::uuid[], $4::text[], $5::int4[], $6::int8[], "
    "$7::int8[], $8::int4[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], "
    "$15::text[]) AS v "
    "ON CONFLICT (tenant_id, time, report_id, ordinal) DO NOTHING";
constexpr const char* kHolder =
    "SELECT digest, (topic = $4::int2 AND log_partition = $5::int4 AND log_offset = $6::int8 "
    "AND log_index = $7::int4)::int FROM plumbline.reports "
    "WHERE tenant_id = $1::uuid AND time = $2::timestamptz AND id = $3::uuid";

// Bounds the parameters of one statement; a single report of more bytes goes alone.
constexpr std::size_t kRowsMax = 1000;
constexpr std::size_t kBytesMax = std::size_t{4} << 20;

// The shortest text that reads back as the same double.
void add_number(TextArray& array, const std::optional<double>& value) {
  if (!value) return array.add_null();
  std::array<char, 32> text;
  const char* const end = std::to_chars(text.data(), text.data() + text.size(), *value).ptr;
  array.add(std::string_view(text.data(), static_cast<std::size_t>(end - text.data())));
}

void add_name(TextArray& array, std::string_view name) {
  if (name.empty()) {
    array.add_null();
  } else {
    array.add(name);
  }
}

struct KeyText {
  explicit KeyText(const TraceKey& key)
      : tenant(key.tenant.value.to_string()), time(format_rfc3339(key.time)), id(key.id.to_string()) {}
  std::string tenant, time, id;
};

class ReportArrays {
 public:
  void add(const ReportRow& row) {
    const KeyText key(row.key);
    at(0).add(key.tenant);
    at(1).add(key.time);
    at(2).add(key.id);
    at(3).add(row.digest.to_string());
    at(4).add(format_rfc3339(row.received_at));
    at(5).add(row.address.offset);
    at(6).add(row.address.partition);
    at(7).add(row.address.index);
    at(8).add(row.address.topic);
    at(9).add(row.agent);
    add_name(at(10), row.session);
    add_name(at(11), row.repo);
    add_name(at(12), row.branch);
    add_name(at(13), row.commit);
    add_name(at(14), row.version);
    at(15).add(row.status);
    add_number(at(16), row.score);
    add_number(at(17), row.ai_health_score);
    add_number(at(18), row.structural_score);
    add_number(at(19), row.duration_ms);
    at(20).add(static_cast<std::int64_t>(row.violations.size()));
    at(21).add(row.payload);
  }
  Result<pg::Rows> insert(pg::Connection& connection) const {
    return insert_arrays(connection, kInsertReports, all_);
  }

  template <std::size_t N>
  static Result<pg::Rows> insert_arrays(pg::Connection& connection, const char* sql,
                                        const std::array<TextArray, N>& arrays) {
    std::vector<pg::Param> params;
    for (const TextArray& array : arrays) params.emplace_back(array.text());
    return connection.query(sql, params);
  }

 private:
  TextArray& at(std::size_t i) { return all_[i]; }
  std::array<TextArray, 22> all_;
};

// Violations of any reports, sent when there are enough of them.
class ViolationArrays {
 public:
  Status add(pg::Connection& connection, const ReportRow& row) {
    const KeyText key(row.key);
    for (std::size_t i = 0; i < row.violations.size(); ++i) {
      const ViolationRow& v = row.violations[i];
      all_[0].add(key.tenant);
      all_[1].add(key.time);
      all_[2].add(key.id);
      add_name(all_[3], row.repo);
      all_[4].add(static_cast<std::int64_t>(i));
      all_[5].add(v.line);
      all_[6].add(v.end_line);
      all_[7].add(v.files);
      all_[8].add(v.gate);
      add_name(all_[9], v.title);
      add_name(all_[10], v.severity);
      add_name(all_[11], v.provenance);
      add_name(all_[12], v.category);
      add_name(all_[13], v.file);
      add_name(all_[14], v.details);
      bytes_ += v.title.size() + v.details.size() + v.file.size() + 200;
      ++rows_;
      if (rows_ < kRowsMax && bytes_ < kBytesMax) continue;
      if (Status sent = send(connection); !sent) return sent;
    }
    return ok_status();
  }
  Status send(pg::Connection& connection) {
    if (rows_ == 0) return ok_status();
    auto done = ReportArrays::insert_arrays(connection, kInsertViolations, all_);
    if (!done) return done.error();
    all_ = {};
    rows_ = bytes_ = 0;
    return ok_status();
  }

 private:
  std::array<TextArray, 15> all_;
  std::size_t rows_ = 0, bytes_ = 0;
};

using Place = std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int64_t>;

Place place_of(const Address& at) {
  return {at.topic, at.partition, at.offset, at.index};
}

// What holds the identity of a row that was not inserted.
Result<StoreOutcome> compare(pg::Connection& connection, const ReportRow& row) {
  const KeyText key(row.key);
  const std::string topic = std::to_string(row.address.topic),
                    partition = std::to_string(row.address.partition),
                    offset = std::to_string(row.address.offset), index = std::to_string(row.address.index);
  auto holder = connection.query(kHolder, {key.tenant, key.time, key.id, topic, partition, offset, index});
  if (!holder) return holder.error();
  // Held a moment ago, gone now: erased in between. Trying again settles it.
  if (holder->size() != 1) return retryable("report_gone", "a report was erased while it was compared");
  if (holder->integer(0, 1) == 1) return StoreOutcome::kStored;
  return Uuid::parse(holder->text(0, 0)) == row.digest ? StoreOutcome::kDuplicate : StoreOutcome::kConflict;
}

Status store_some(pg::Connection& connection, std::span<const ReportRow* const> rows,
                  std::vector<StoreOutcome>& outcomes) {
  ReportArrays reports;
  for (const ReportRow* row : rows) reports.add(*row);
  auto inserted = reports.insert(connection);
  if (!inserted) return inserted.error();
  std::set<Place> fresh;
  for (int i = 0; i < inserted->size(); ++i) {
    fresh.emplace(inserted->integer(i, 0), inserted->integer(i, 1), inserted->integer(i, 2),
                  inserted->integer(i, 3));
  }
  ViolationArrays violations;
  for (const ReportRow* row : rows) {
    if (!fresh.contains(place_of(row->address))) {
      auto outcome = compare(connection, *row);
      if (!outcome) return outcome.error();
      outcomes.push_back(*outcome);
      continue;
    }
    outcomes.push_back(StoreOutcome::kStored);
    if (Status added = violations.add(connection, *row); !added) return added;
  }
  return violations.send(connection);
}

}  // namespace

Result<std::vector<StoreOutcome>> store_reports(pg::Connection& connection,
                                                std::span<const ReportRow* const> rows) {
  std::vector<StoreOutcome> outcomes;
  outcomes.reserve(rows.size());
  while (!rows.empty()) {
    std::size_t count = 0;
    for (std::size_t bytes = 0; count < std::min(rows.size(), kRowsMax); ++count) {
      bytes += rows[count]->payload.size();
      if (count > 0 && bytes > kBytesMax) break;
    }
    if (Status done = store_some(connection, rows.first(count), outcomes); !done) return done.error();
    rows = rows.subspan(count);
  }
  return outcomes;
}

}  // namespace plumbline::postgres
