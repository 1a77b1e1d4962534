#include "console/api/remember.h"

#include <algorithm>

namespace plumbline::console {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int kBesideTimeoutMs = 120'000;
constexpr milliseconds kQuick{40};  // worked out anew by the request itself
constexpr int kKeptTimesCost = 20;
constexpr milliseconds kKeptMin{1000};

struct Question {
  std::string sql;
  std::optional<std::string> about;  // $1
};

Result<std::string> work_out(Database& database, TenantId tenant, const Question& asked, int timeout_ms) {
  return as_reader(
      database, tenant,
      [&](pg::Connection& c) -> Result<std::string> {
        auto rows = asked.about ? c.query(asked.sql, {*asked.about}) : c.query(asked.sql);
        if (!rows) return rows.error();
        return std::string(rows->size() > 0 && !rows->is_null(0, 0) ? rows->text(0, 0) : "null");
      },
      timeout_ms);
}

Result<std::string> work_out_and_keep(Service& service, Database& database, TenantId tenant,
                                      const std::string& key, const Question& asked, int timeout_ms) {
  const auto begun = steady_clock::now();
  auto made = work_out(database, tenant, asked, timeout_ms);
  const auto now = steady_clock::now();
  if (made) service.memory.keep(key, *made, now, std::chrono::duration_cast<milliseconds>(now - begun));
  return made;
}

// What can't be worked out in time is tried again as seldom as if it could.
std::string given_up(const std::string& key) {
  return key + "|given up";
}

void work_out_beside(Service& service, TenantId tenant, const std::string& key, Question asked) {
  if (!service.memory.begin(key)) return;  // somebody is at it
  const bool taken =
      service.beside.submit([&service, tenant, key, asked = std::move(asked)](Database& database) {
        if (!work_out_and_keep(service, database, tenant, key, asked, kBesideTimeoutMs).ok())
          service.memory.keep(given_up(key), "", steady_clock::now(), milliseconds(kBesideTimeoutMs));
        service.memory.end(key);
      });
  if (!taken) service.memory.end(key);
}

bool is_fresh(const Memory::Kept& kept) {
  return steady_clock::now() - kept.since < std::max(kKeptMin, kept.cost * kKeptTimesCost);
}

}  // namespace

Result<std::optional<std::string>> remembered(Ask& ask, std::string_view name, std::string_view sql,
                                              std::optional<std::string> about, int patience_ms) {
  const std::string key = ask.scope.tenant.value.to_string() + "|" + std::string(name);
  const Question asked{std::string(sql), std::move(about)};
  if (auto kept = ask.service.memory.find(key)) {
    if (is_fresh(*kept)) return std::optional(std::move(kept->value));
    if (kept->cost > kQuick) {
      work_out_beside(ask.service, ask.scope.tenant, key, asked);
      return std::optional(std::move(kept->value));
    }
  }
  if (ask.service.memory.begun(key)) return std::optional<std::string>();  // it took too long already
  if (const auto failed = ask.service.memory.find(given_up(key)); failed && is_fresh(*failed))
    return std::optional<std::string>();
  auto made = work_out_and_keep(ask.service, ask.database, ask.scope.tenant, key, asked, patience_ms);
  if (made) return std::optional(std::move(*made));
  if (made.error().code != "57014") return made.error();
  work_out_beside(ask.service, ask.scope.tenant, key, asked);
  return std::optional<std::string>();
}

Result<std::optional<std::string>> chains_of(Ask& ask) {
  constexpr int kMomentMs = 200;  // nor does a list
  return remembered(
      ask, "chains",
      "SELECT coalesce(json_object_agg(agent, json_build_object('verdict', verdict, 'entries', entries, "
      "'verified', verified, 'gaps', gaps, 'forks', forks, 'breaks', breaks)), '{}')::text FROM "
      "plumbline.chain_verdicts",
      std::nullopt, kMomentMs);
}

Result<std::string> chain_of(Ask& ask, const std::string& agent) {
  constexpr int kMomentMs = 15;  // a timeline does not wait for what follows the agent's whole chain
  auto chain = remembered(ask, "chain|" + agent,
                          "SELECT json_build_object('verdict', verdict, 'entries', entries, 'verified', "
                          "verified, 'gaps', gaps, 'forks', forks, 'breaks', breaks)::text FROM "
                          "plumbline.chain_verdicts WHERE agent = $1",
                          agent, kMomentMs);
  if (!chain) return chain.error();
  if (!*chain) return std::string(R"({"verdict":"unknown"})");
  return **chain == "null" ? std::string(R"({"verdict":"none"})") : std::move(**chain);
}

}  // namespace plumbline::console
