#include "console/api/remember.h"

#include <algorithm>

namespace plumbline::console {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int kFirstTimeoutMs = 1500;  // of the request that finds nothing
constexpr int kBesideTimeoutMs = 120'000;
constexpr milliseconds kQuick{40};  // worked out anew by the request itself
constexpr int kKeptTimesCost = 20;
constexpr milliseconds kKeptMin{1000};

Result<std::string> work_out(Database& database, TenantId tenant, const std::string& sql, int timeout_ms) {
  return as_reader(
      database, tenant,
      [&](pg::Connection& c) -> Result<std::string> {
        auto rows = c.query(sql);
        if (!rows) return rows.error();
        return std::string(rows->size() > 0 && !rows->is_null(0, 0) ? rows->text(0, 0) : "null");
      },
      timeout_ms);
}

Result<std::string> work_out_and_keep(Service& service, Database& database, TenantId tenant,
                                      const std::string& key, const std::string& sql, int timeout_ms) {
  const auto begun = steady_clock::now();
  auto made = work_out(database, tenant, sql, timeout_ms);
  const auto now = steady_clock::now();
  if (made) service.memory.keep(key, *made, now, std::chrono::duration_cast<milliseconds>(now - begun));
  return made;
}

void work_out_beside(Service& service, TenantId tenant, const std::string& key, std::string sql) {
  if (!service.memory.begin(key)) return;  // somebody is at it
  const bool taken = service.beside.submit([&service, tenant, key, sql = std::move(sql)](Database& database) {
    (void)work_out_and_keep(service, database, tenant, key, sql, kBesideTimeoutMs).ok();
    service.memory.end(key);
  });
  if (!taken) service.memory.end(key);
}

}  // namespace

Result<std::optional<std::string>> remembered(Ask& ask, std::string_view name, std::string_view sql) {
  const std::string key = ask.scope.tenant.value.to_string() + "|" + std::string(name);
  const std::string statement(sql);
  if (auto kept = ask.service.memory.find(key)) {
    const auto fresh_for = std::max(kKeptMin, kept->cost * kKeptTimesCost);
    if (steady_clock::now() - kept->since < fresh_for) return std::optional(std::move(kept->value));
    if (kept->cost > kQuick) {
      work_out_beside(ask.service, ask.scope.tenant, key, statement);
      return std::optional(std::move(kept->value));
    }
  }
  auto made = work_out_and_keep(ask.service, ask.database, ask.scope.tenant, key, statement, kFirstTimeoutMs);
  if (made) return std::optional(std::move(*made));
  if (made.error().code != "57014") return made.error();
  work_out_beside(ask.service, ask.scope.tenant, key, statement);
  return std::optional<std::string>();
}

Result<std::optional<std::string>> chains_of(Ask& ask) {
  return remembered(
      ask, "chains",
      "SELECT coalesce(json_object_agg(agent, json_build_object('verdict', verdict, 'entries', entries, "
      "'verified', verified, 'gaps', gaps, 'forks', forks, 'breaks', breaks)), '{}')::text FROM "
      "plumbline.chain_verdicts");
}

}  // namespace plumbline::console
