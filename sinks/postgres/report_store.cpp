#include "sinks/postgres/report_store.h"

#include <array>
#include <charconv>
#include <string>

#include "sinks/postgres/trace_store_arrays.h"

namespace plumbline::postgres {
namespace {

constexpr const char* kInsertReport =
    "INSERT INTO plumbline.reports (tenant_id, time, id, digest, received_at, log_offset, log_partition, "
    "log_index, topic, agent, session, repo, branch, commit, version, status, score, ai_health_score, "
    "structural_score, duration_ms, violations, payload) VALUES ($1::uuid, $2::timestamptz, $3::uuid, "
    "$4::uuid, $5::timestamptz, $6::int8, $7::int4, $8::int4, $9::int2, $10, $11, $12, $13, $14, $15, $16, "
    "$17::float8, $18::float8, $19::float8, $20::float8, $21::int4, $22) "
    "ON CONFLICT (tenant_id, time, id) DO NOTHING";
constexpr const char* kInsertViolations =
    "INSERT INTO plumbline.violations (tenant_id, time, report_id, repo, ordinal, line, end_line, files, "
    "gate, "
    "title, severity, provenance, category, file, details) "
    "SELECT $1::uuid, $2::timestamptz, $3::uuid, $4, v.n - 1, v.line, v.end_line, v.files, v.gate, v.title, "
    "v.severity, v.provenance, v.category, v.file, v.details "
    "FROM unnest($5::int8[], $6::int8[], $7::int4[], $8::text[], $9::text[], $10::text[], $11::text[], "
    "$12::text[], $13::text[], $14::text[]) WITH ORDINALITY "
    "AS v (line, end_line, files, gate, title, severity, provenance, category, file, details, n) "
    "ON CONFLICT (tenant_id, time, report_id, ordinal) DO NOTHING";
constexpr const char* kHolder =
    "SELECT digest, (topic = $4::int2 AND log_partition = $5::int4 AND log_offset = $6::int8 "
    "AND log_index = $7::int4)::int FROM plumbline.reports "
    "WHERE tenant_id = $1::uuid AND time = $2::timestamptz AND id = $3::uuid";

pg::Param optional(std::string_view text) {
  return text.empty() ? pg::Param{} : pg::Param{text};
}

// The shortest text that reads back as the same double.
class Number {
 public:
  explicit Number(std::optional<double> value) {
    if (value) size_ = std::to_chars(text_.data(), text_.data() + text_.size(), *value).ptr - text_.data();
  }
  [[nodiscard]] pg::Param param() const {
    return size_ == 0 ? pg::Param{}
                      : pg::Param{std::string_view(text_.data(), static_cast<std::size_t>(size_))};
  }

 private:
  std::array<char, 32> text_{};
  std::ptrdiff_t size_ = 0;
};

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

struct AddressText {
  explicit AddressText(const Address& a)
      : topic(std::to_string(a.topic)),
        partition(std::to_string(a.partition)),
        offset(std::to_string(a.offset)),
        index(std::to_string(a.index)) {}
  std::string topic, partition, offset, index;
};

Status insert_violations(pg::Connection& connection, const KeyText& key, const ReportRow& row) {
  TextArray line, end_line, files, gate, title, severity, provenance, category, file, details;
  for (const ViolationRow& v : row.violations) {
    line.add(v.line);
    end_line.add(v.end_line);
    files.add(v.files);
    gate.add(v.gate);
    add_name(title, v.title);
    add_name(severity, v.severity);
    add_name(provenance, v.provenance);
    add_name(category, v.category);
    add_name(file, v.file);
    add_name(details, v.details);
  }
  auto done = connection.query(
      kInsertViolations, {key.tenant, key.time, key.id, optional(row.repo), line.text(), end_line.text(),
                          files.text(), gate.text(), title.text(), severity.text(), provenance.text(),
                          category.text(), file.text(), details.text()});
  if (!done) return done.error();
  return ok_status();
}

}  // namespace

Result<StoreOutcome> store_report(pg::Connection& connection, const ReportRow& row) {
  const KeyText key(row.key);
  const AddressText at(row.address);
  const std::string digest = row.digest.to_string();
  const std::string received = format_rfc3339(row.received_at);
  const std::string count = std::to_string(row.violations.size());
  const Number score(row.score), health(row.ai_health_score), structural(row.structural_score),
      duration(row.duration_ms);
  auto inserted = connection.query(kInsertReport, {key.tenant,
                                                   key.time,
                                                   key.id,
                                                   digest,
                                                   received,
                                                   at.offset,
                                                   at.partition,
                                                   at.index,
                                                   at.topic,
                                                   row.agent,
                                                   optional(row.session),
                                                   optional(row.repo),
                                                   optional(row.branch),
                                                   optional(row.commit),
                                                   optional(row.version),
                                                   row.status,
                                                   score.param(),
                                                   health.param(),
                                                   structural.param(),
                                                   duration.param(),
                                                   count,
                                                   row.payload});
  if (!inserted) return inserted.error();
  if (inserted->affected() == 1) {
    if (row.violations.empty()) return StoreOutcome::kStored;
    if (Status listed = insert_violations(connection, key, row); !listed) return listed.error();
    return StoreOutcome::kStored;
  }
  auto holder =
      connection.query(kHolder, {key.tenant, key.time, key.id, at.topic, at.partition, at.offset, at.index});
  if (!holder) return holder.error();
  // Held a moment ago, gone now: erased in between. Trying again settles it.
  if (holder->size() != 1) return retryable("report_gone", "a report was erased while it was compared");
  if (holder->integer(0, 1) == 1) return StoreOutcome::kStored;
  return Uuid::parse(holder->text(0, 0)) == row.digest ? StoreOutcome::kDuplicate : StoreOutcome::kConflict;
}

}  // namespace plumbline::postgres
