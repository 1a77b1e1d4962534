#include <cstdlib>

#include <fmt/format.h>

#include "apps/plumbline/control.h"
#include "apps/plumbline/doctor.h"
#include "core/clock.h"
#include "core/crypto/seal.h"
#include "core/pg/migrate.h"
#include "sinks/postgres/key_material.h"
#include "sinks/postgres/keys.h"

namespace plumbline::app {
namespace {

constexpr std::int64_t kVersionMin = 150000;
// Signatures tolerate 300 s, minutes of the ledger come from the edge's clock: seconds of skew are a fault to
// mend early.
constexpr double kSkewSecondsMax = 5;
constexpr std::int64_t kOutboxAgeSecondsMax = 30;

Finding failed(std::string what, const Error& error) {
  return {Health::kFail, std::move(what), error.message};
}

Finding check_version(pg::Connection& c) {
  auto rows = c.query("SELECT current_setting('server_version_num'), current_setting('server_version')");
  if (!rows) return failed("PostgreSQL", rows.error());
  const std::string version(rows->text(0, 1));
  if (rows->integer(0, 0) < kVersionMin) {
    return {Health::kFail, "PostgreSQL",
            "version " + version + " lacks security_invoker views; upgrade to 15 or newer"};
  }
  return {Health::kGood, "PostgreSQL", "version " + version};
}

Finding check_durability(pg::Connection& c) {
  auto rows = c.query(
      "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', "
      "'synchronous_commit') "
      "AND setting = 'off'");
  if (!rows) return failed("durability", rows.error());
  std::string off;
  for (int i = 0; i < rows->size(); ++i) off += (off.empty() ? "" : ", ") + std::string(rows->text(i, 0));
  if (off.empty())
    return {Health::kGood, "durability", "fsync, full_page_writes and synchronous_commit are on"};
  return {Health::kFail, "durability",
          off + " off: a power cut can lose committed rows; set it to on in postgresql.conf"};
}

Finding check_clock(pg::Connection& c) {
  const auto before = SystemClock().now();
  auto rows = c.query("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint");
  const auto after = SystemClock().now();
  if (!rows) return failed("clock", rows.error());
  const double skew_s = static_cast<double>(rows->integer(0, 0) - (before.value + after.value) / 2) / 1e6;
  if (std::abs(skew_s) > kSkewSecondsMax) {
    return {
        Health::kFail, "clock",
        fmt::format("PostgreSQL's clock is {:+.1f} s off this machine's; run an NTP client on both", skew_s)};
  }
  return {Health::kGood, "clock", fmt::format("{:+.3f} s to PostgreSQL", skew_s)};
}

Finding check_login(pg::Connection& c) {
  auto rows =
      c.query("SELECT session_user, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = session_user");
  if (!rows) return failed("login role", rows.error());
  const std::string user(rows->text(0, 0));
  if (rows->text(0, 1) == "t") {
    return {Health::kWarn, "login role",
            user +
                " bypasses row-level security until it takes a role; use a login role without SUPERUSER and "
                "BYPASSRLS"};
  }
  return {Health::kGood, "login role", user};
}

Finding check_migrations(pg::Connection& c) {
  auto states = pg::migration_states(c, pg::embedded_migrations());
  if (!states) return failed("migrations", states.error());
  std::string missing;
  for (const auto& state : *states) {
    if (!state.applied) missing += (missing.empty() ? "" : ", ") + state.name;
  }
  if (!missing.empty())
    return {Health::kFail, "migrations", missing + " not applied; run `plumbline migrate`"};
  return {Health::kGood, "migrations", fmt::format("{} applied", states->size())};
}

Finding check_roles(const config::Config& config) {
  for (const char* role : {"plumbline_control", "plumbline_writer", "plumbline_reader", "plumbline_analyst",
                           "plumbline_owner"}) {
    auto taken = connect(config, role);
    if (!taken) return failed(role, taken.error());
  }
  return {Health::kGood, "roles", "the login role may act as all five"};
}

Finding check_outbox(const config::Config& config) {
  auto c = connect_control(config);
  if (!c) return failed("outbox", c.error());
  auto rows = c->query(
      "SELECT count(*), coalesce(extract(epoch FROM now() - min(created_at)), 0)::bigint FROM "
      "plumbline.outbox");
  if (!rows) return failed("outbox", rows.error());
  if (rows->integer(0, 1) > kOutboxAgeSecondsMax) {
    return {Health::kFail, "outbox",
            fmt::format(
                "{} changes of tenants and keys wait since {} s; start `plumbline up` or `plumbline persist`",
                rows->integer(0, 0), rows->integer(0, 1))};
  }
  return {Health::kGood, "outbox", fmt::format("{} changes wait", rows->integer(0, 0))};
}

}  // namespace

Findings check_postgres(const config::Config& config) {
  auto c = connect(config, "");
  if (!c) return {failed("PostgreSQL", c.error())};
  Findings findings{check_version(*c), check_durability(*c), check_clock(*c), check_login(*c),
                    check_migrations(*c)};
  if (findings.back().health != Health::kGood) return findings;  // the rest needs the schema
  findings.push_back(check_roles(config));
  findings.push_back(check_outbox(config));
  return findings;
}

Findings check_keys(const config::Config& config) {
  auto sealer = crypto::Sealer::from_text(config.keys.master_key);
  if (!sealer) return {failed("master key", sealer.error())};
  Findings findings{{Health::kGood, "master key", sealer->key_id()}};
  auto c = connect_control(config);
  if (!c) return findings;  // told by check_postgres
  auto keys = postgres::sealed_keys(*c);
  if (!keys) return {failed("sealed keys", keys.error())};
  std::size_t shut = 0;
  for (const auto& key : *keys) {
    Status opened = postgres::check_sealed(*sealer, key);
    if (!opened && ++shut <= 5) findings.push_back(failed("key " + key.id.value, opened.error()));
  }
  const std::string text = fmt::format("{} of {} sealed keys open", keys->size() - shut, keys->size());
  if (shut == 0) {
    findings.push_back({Health::kGood, "sealed keys", text});
  } else {
    findings.push_back(
        {Health::kFail, "sealed keys",
         text + "; put the master key that sealed them behind the new one in keys.master_key_file"});
  }
  return findings;
}

}  // namespace plumbline::app
