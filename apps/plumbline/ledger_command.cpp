#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "apps/plumbline/command.h"
#include "apps/plumbline/control.h"
#include "sinks/postgres/ledger_report.h"
#include "sinks/postgres/tenants.h"

namespace plumbline::app {
namespace {

using postgres::LedgerBalance;

std::string verdict(const LedgerBalance& b) {
  if (b.lost > 0) return fmt::format("LOST {}", b.lost);
  if (b.overdue > 0) return fmt::format("OVERDUE {}", b.overdue);
  if (b.in_flight > 0) return "in flight";
  return b.balanced ? "balanced" : "IMBALANCE";
}

void print(const std::vector<LedgerBalance>& balances) {
  fmt::print("{:<20} {:>10} {:>10} {:>9} {:>9} | {:>10} {:>10} {:>10} {:>9} {:>7} | {:>9} {:>11} {:>6}  {}\n",
             "tenant", "received", "accepted", "rejected", "refused", "appended", "stored", "duplicate",
             "conflict", "dead", "in_flight", "unconfirmed", "lost", "state");
  for (const LedgerBalance& b : balances) {
    fmt::print(
        "{:<20} {:>10} {:>10} {:>9} {:>9} | {:>10} {:>10} {:>10} {:>9} {:>7} | {:>9} {:>11} {:>6}  {}\n",
        b.tenant, b.received, b.accepted, b.rejected, b.refused, b.appended, b.stored, b.duplicate,
        b.conflict, b.dead, b.in_flight, b.unconfirmed, b.lost, verdict(b));
  }
}

Result<std::vector<postgres::Tenant>> wanted(pg::Connection& connection, const std::string& only) {
  postgres::TenantStore store(connection, actor());
  if (only.empty()) return store.list();
  auto tenant = store.find(only);
  if (!tenant) return tenant.error();
  return std::vector{*tenant};
}

int ledger(const config::Config& config, const std::string& only) {
  auto connection = connect_control(config);
  if (!connection) return fail(connection.error());
  auto tenants = wanted(*connection, only);
  if (!tenants) return fail(tenants.error());
  auto balances = postgres::ledger_balances(*connection, *tenants);
  if (!balances) return fail(balances.error());
  auto troubles = postgres::log_troubles(*connection);
  if (!troubles) return fail(troubles.error());
  print(*balances);
  if (troubles->holes > 0) fmt::print("log: {} numbered frames never came\n", troubles->holes);
  for (const std::string& loss : troubles->losses) fmt::print("log: lost {}\n", loss);
  for (const std::string& stop : troubles->stopped) fmt::print("log: stopped {}\n", stop);
  const bool alarm =
      std::any_of(balances->begin(), balances->end(), [](const LedgerBalance& b) { return b.alarming(); });
  return alarm || !troubles->stopped.empty() ? kFailed : kOk;
}

}  // namespace

void add_ledger(Commands& commands) {
  const auto tenant = std::make_shared<std::string>();
  commands
      .add(commands.root(), "ledger",
           "what became of every trace; exit code 1 when something is lost, overdue or does not balance",
           [tenant](const config::Loaded& loaded) { return ledger(loaded.config, *tenant); })
      .add_option("--tenant", *tenant, "slug or id; all without");
}

}  // namespace plumbline::app
