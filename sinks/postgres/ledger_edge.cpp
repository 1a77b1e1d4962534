// The edge's side of the ledger: cumulative counts, merged by maximum.
#include <algorithm>

#include "sinks/postgres/ledger.h"
#include "sinks/postgres/trace_store_arrays.h"

namespace plumbline::postgres {
namespace {

void merge_reasons(std::map<std::string, std::int64_t>& into,
                   const std::map<std::string, std::int64_t>& from) {
  for (const auto& [reason, count] : from) {
    std::int64_t& held = into[reason];
    held = std::max(held, count);
  }
}

Status merge_reason_rows(pg::Connection& connection, const std::map<EdgeKey, EdgeCounts>& outcomes) {
  TextArray tenant, minute, run, outcome, reason, traces;
  bool any = false;
  const auto add = [&](const EdgeKey& key, const char* word,
                       const std::map<std::string, std::int64_t>& reasons) {
    for (const auto& [name, count] : reasons) {
      any = true;
      tenant.add(key.tenant.value.to_string());
      minute.add(format_rfc3339(key.minute));
      run.add(key.run.value.to_string());
      outcome.add(word);
      reason.add(name);
      traces.add(count);
    }
  };
  for (const auto& [key, counts] : outcomes) {
    add(key, "refused", counts.refused);
    add(key, "rejected", counts.rejected);
  }
  if (!any) return ok_status();
  auto rows = connection.query(
      "INSERT INTO plumbline.edge_reasons AS e (tenant_id, minute, run_id, outcome, reason, traces) "
      "SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::uuid[], $4::text[], $5::text[], $6::int8[]) "
      "ON CONFLICT (tenant_id, minute, run_id, outcome, reason) DO UPDATE SET traces = excluded.traces "
      "WHERE e.traces < excluded.traces",
      {tenant.text(), minute.text(), run.text(), outcome.text(), reason.text(), traces.text()});
  if (!rows) return rows.error();
  return ok_status();
}

}  // namespace

void EdgeCounts::merge(const EdgeCounts& other) {
  received = std::max(received, other.received);
  accepted = std::max(accepted, other.accepted);
  merge_reasons(rejected, other.rejected);
  merge_reasons(refused, other.refused);
}

Status merge_edge_outcomes(pg::Connection& connection, const std::map<EdgeKey, EdgeCounts>& outcomes) {
  if (outcomes.empty()) return ok_status();
  TextArray tenant, minute, run, received, accepted;
  for (const auto& [key, counts] : outcomes) {
    tenant.add(key.tenant.value.to_string());
    minute.add(format_rfc3339(key.minute));
    run.add(key.run.value.to_string());
    received.add(counts.received);
    accepted.add(counts.accepted);
  }
  auto rows = connection.query(
      "INSERT INTO plumbline.edge_outcomes AS e (tenant_id, minute, run_id, received, accepted) "
      "SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::uuid[], $4::int8[], $5::int8[]) "
      "ON CONFLICT (tenant_id, minute, run_id) DO UPDATE SET received = greatest(e.received, "
      "excluded.received), "
      "accepted = greatest(e.accepted, excluded.accepted) "
      "WHERE e.received < excluded.received OR e.accepted < excluded.accepted",
      {tenant.text(), minute.text(), run.text(), received.text(), accepted.text()});
  if (!rows) return rows.error();
  return merge_reason_rows(connection, outcomes);
}

}  // namespace plumbline::postgres
