#include "sinks/postgres/ledger_report.h"

#include "sinks/postgres/transaction.h"

namespace plumbline::postgres {
namespace {

constexpr std::string_view kBalance =
    "SELECT received, accepted, rejected, refused, appended, stored, duplicate, conflict, dead, in_flight, "
    "unconfirmed, lost, "
    "overdue, balanced FROM plumbline.ledger_balance WHERE tenant_id = $1::uuid";

LedgerBalance balance_of(const Tenant& tenant, const pg::Rows& rows) {
  LedgerBalance b;
  b.tenant = tenant.slug;
  if (rows.size() == 0) return b;
  std::int64_t* const columns[] = {&b.received,    &b.accepted,  &b.rejected, &b.refused, &b.appended,
                                   &b.stored,      &b.duplicate, &b.conflict, &b.dead,    &b.in_flight,
                                   &b.unconfirmed, &b.lost,      &b.overdue};
  int column = 0;
  for (std::int64_t* value : columns) *value = rows.integer(0, column++);
  b.balanced = rows.text(0, column) == "t";
  return b;
}

Result<std::vector<std::string>> sentences(pg::Connection& c, std::string_view sql) {
  auto rows = c.query(sql);
  if (!rows) return rows.error();
  std::vector<std::string> found;
  for (int i = 0; i < rows->size(); ++i) found.emplace_back(rows->text(i, 0));
  return found;
}

}  // namespace

Result<std::vector<LedgerBalance>> ledger_balances(pg::Connection& c, std::span<const Tenant> tenants) {
  std::vector<LedgerBalance> balances;
  for (const Tenant& tenant : tenants) {
    auto one = in_transaction(c, [&]() -> Result<LedgerBalance> {
      if (Status role = c.execute("SET LOCAL ROLE plumbline_reader"); !role) return role.error();
      const std::string id = tenant.id.value.to_string();
      if (auto set = c.query("SELECT set_config('plumbline.tenant', $1, true)", {id}); !set)
        return set.error();
      auto rows = c.query(kBalance, {id});
      if (!rows) return rows.error();
      return balance_of(tenant, *rows);
    });
    if (!one) return one.error();
    balances.push_back(std::move(*one));
  }
  return balances;
}

Result<LogTroubles> log_troubles(pg::Connection& c) {
  LogTroubles troubles;
  auto holes = c.query("SELECT coalesce(sum(frames), 0)::bigint FROM plumbline.log_holes");
  if (!holes) return holes.error();
  troubles.holes = holes->integer(0, 0);
  auto losses = sentences(c,
                          "SELECT format('%s %s/%s from offset %s: %s, %s', consumer, topic, partition, "
                          "from_offset, reason, detail) "
                          "FROM plumbline.log_losses ORDER BY noticed_at DESC LIMIT 20");
  if (!losses) return losses.error();
  troubles.losses = std::move(*losses);
  auto stopped = sentences(
      c,
      "SELECT format('%s %s/%s at offset %s: %s', consumer, topic, partition, next_offset, stopped) "
      "FROM plumbline.positions WHERE stopped IS NOT NULL ORDER BY 1");
  if (!stopped) return stopped.error();
  troubles.stopped = std::move(*stopped);
  return troubles;
}

}  // namespace plumbline::postgres
