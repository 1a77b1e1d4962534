#include "sinks/postgres/health_store.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "core/uuid.h"
#include "sinks/postgres/trace_store_arrays.h"

namespace plumbline::postgres {
namespace {

constexpr const char* kRepoColumnNames[] = {
    "runs",           "passes",      "fails",       "skips",       "errors",           "failures",
    "score_count",    "score_milli", "ai_count",    "ai_milli",    "structural_count", "structural_milli",
    "duration_count", "duration_ms", "score_h0",    "score_h1",    "score_h2",         "score_h3",
    "score_h4",       "score_h5",    "score_h6",    "score_h7",    "score_h8",         "score_h9",
    "duration_h0",    "duration_h1", "duration_h2", "duration_h3", "duration_h4",      "duration_h5",
    "duration_h6",    "duration_h7", "duration_h8", "duration_h9"};
static_assert(std::size(kRepoColumnNames) == kRepoColumns);

constexpr const char* kAgentColumnNames[] = {
    "traces",        "decisions",  "escalations",   "matched",    "session_starts", "session_ends",
    "spans",         "risk_count", "risk_sum",      "risk_low",   "risk_medium",    "risk_high",
    "risk_critical", "risk_other", "latency_count", "latency_us", "risk_h0",        "risk_h1",
    "risk_h2",       "risk_h3",    "risk_h4",       "risk_h5",    "risk_h6",        "risk_h7",
    "risk_h8",       "risk_h9",    "latency_h0",    "latency_h1", "latency_h2",     "latency_h3",
    "latency_h4",    "latency_h5", "latency_h6",    "latency_h7", "latency_h8",     "latency_h9"};
static_assert(std::size(kAgentColumnNames) == kAgentColumns);

// Bounds the parameters of one statement.
constexpr std::size_t kRowsMax = 4096;

// The sums of a row come as one slice of one flat array, which costs far less than an array a column.
std::string hours_statement(const std::string& table, const std::string& name,
                            std::span<const char* const> columns) {
  std::string names, values, adds;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::string column = columns[i];
    names += ", " + column;
    values += ", ($4::bigint[])[(s.i - 1) * " + std::to_string(columns.size()) + " + " +
              std::to_string(i + 1) + "]";
    adds += (i == 0 ? "" : ", ") + column + " = h." + column + " + excluded." + column;
  }
  return "INSERT INTO plumbline." + table + " AS h (tenant_id, " + name + ", hour" + names +
         ") SELECT s.tenant, s.name, s.hour" + values +
         " FROM unnest($1::uuid[], $2::text[], $3::timestamptz[]) WITH ORDINALITY AS s (tenant, name, hour, "
         "i) "
         "ON CONFLICT (tenant_id, " +
         name + ", hour) DO UPDATE SET " + adds;
}

constexpr const char* kFailures =
    "INSERT INTO plumbline.health_repo_failures AS h (tenant_id, hour, repo, gate, severity, provenance, "
    "failures) SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], "
    "$6::text[], $7::bigint[]) "
    "ON CONFLICT (tenant_id, hour, name_key) DO UPDATE SET failures = h.failures + excluded.failures";
constexpr const char* kLatest =
    "INSERT INTO plumbline.health_repo_latest AS h (tenant_id, repo, branch, time, report_id, status, score, "
    "ai_health_score, structural_score, failures, agent, commit, version) SELECT * FROM unnest($1::uuid[], "
    "$2::text[], $3::text[], $4::timestamptz[], $5::uuid[], $6::text[], $7::float8[], $8::float8[], "
    "$9::float8[], $10::bigint[], $11::text[], $12::text[], $13::text[]) "
    "ON CONFLICT (tenant_id, name_key) DO UPDATE SET time = excluded.time, report_id = excluded.report_id, "
    "status = excluded.status, score = excluded.score, ai_health_score = excluded.ai_health_score, "
    "structural_score = excluded.structural_score, failures = excluded.failures, agent = excluded.agent, "
    "commit = excluded.commit, version = excluded.version "
    "WHERE (excluded.time, excluded.report_id) > (h.time, h.report_id)";
constexpr const char* kDecisionRows =
    "INSERT INTO plumbline.health_agent_decisions AS h (tenant_id, hour, agent, policy_hash, rule, "
    "action_type, decisions) SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], "
    "$5::text[], $6::text[], $7::bigint[]) "
    "ON CONFLICT (tenant_id, hour, name_key) DO UPDATE SET decisions = h.decisions + excluded.decisions";
constexpr const char* kPolicies =
    "INSERT INTO plumbline.health_agent_policies AS h (tenant_id, agent, policy_hash, first_time, last_time, "
    "decisions) SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], "
    "$5::timestamptz[], $6::bigint[]) "
    "ON CONFLICT (tenant_id, name_key) DO UPDATE SET first_time = least(h.first_time, excluded.first_time), "
    "last_time = greatest(h.last_time, excluded.last_time), decisions = h.decisions + excluded.decisions";
constexpr const char* kAgentLatest =
    "INSERT INTO plumbline.health_agent_latest AS h (tenant_id, agent, time, trace_id, kind, session) "
    "SELECT * FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::uuid[], $5::text[], $6::text[]) "
    "ON CONFLICT (tenant_id, agent) DO UPDATE SET time = excluded.time, trace_id = excluded.trace_id, "
    "kind = excluded.kind, session = excluded.session "
    "WHERE (excluded.time, excluded.trace_id) > (h.time, h.trace_id)";

std::string shortest(double value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

void add_number(TextArray& array, const std::optional<double>& value) {
  if (value) {
    array.add(shortest(*value));
  } else {
    array.add_null();
  }
}

void add_name(TextArray& array, std::string_view name) {
  if (name.empty()) {
    array.add_null();
  } else {
    array.add(name);
  }
}

template <class Value>
std::vector<std::pair<std::string_view, const Value*>> in_order(const SumMap<Value>& map) {
  std::vector<std::pair<std::string_view, const Value*>> rows;
  rows.reserve(map.size());
  for (const auto& [key, value] : map.all()) rows.emplace_back(key, &value);
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  return rows;
}

// Calls send(rows) for slices of kRowsMax in key order.
template <class Value, class Send>
Status sliced(const SumMap<Value>& map, Send send) {
  const auto rows = in_order(map);
  std::span<const std::pair<std::string_view, const Value*>> rest(rows);
  while (!rest.empty()) {
    const std::size_t count = std::min(rest.size(), kRowsMax);
    auto done = send(rest.first(count));
    if (!done) return done.error();
    rest = rest.subspan(count);
  }
  return ok_status();
}

template <class Value>
Status add_hours(pg::Connection& connection, const std::string& statement, const SumMap<Value>& map) {
  return sliced(map, [&](auto rows) {
    TextArray tenants, names, hours, sums;
    for (const auto& [bytes, value] : rows) {
      const SumKeyParts key(bytes);
      tenants.add(key.tenant.value.to_string());
      names.add(key.names[0]);
      hours.add(format_rfc3339(key.hour));
      for (const std::int64_t sum : value->sums) sums.add(sum);
    }
    return connection.query(statement, {tenants.text(), names.text(), hours.text(), sums.text()});
  });
}

Status add_failures(pg::Connection& connection, const SumMap<std::int64_t>& map) {
  return sliced(map, [&](auto rows) {
    TextArray tenants, hours, names[4], counts;
    for (const auto& [bytes, count] : rows) {
      const SumKeyParts key(bytes);
      tenants.add(key.tenant.value.to_string());
      hours.add(format_rfc3339(key.hour));
      for (std::size_t i = 0; i < 4; ++i) names[i].add(key.names[i]);
      counts.add(*count);
    }
    return connection.query(kFailures, {tenants.text(), hours.text(), names[0].text(), names[1].text(),
                                        names[2].text(), names[3].text(), counts.text()});
  });
}

Status raise_latest(pg::Connection& connection, const SumMap<LatestReport>& map) {
  return sliced(map, [&](auto rows) {
    TextArray tenants, repos, branches, times, ids, statuses, scores, ais, structurals, failures, agents,
        commits, versions;
    for (const auto& [bytes, report] : rows) {
      const SumKeyParts key(bytes);
      tenants.add(key.tenant.value.to_string());
      repos.add(key.names[0]);
      branches.add(key.names[1]);
      times.add(format_rfc3339(report->time));
      ids.add(report->id.to_string());
      statuses.add(report->status);
      add_number(scores, report->score);
      add_number(ais, report->ai_health_score);
      add_number(structurals, report->structural_score);
      failures.add(report->failures);
      agents.add(report->agent);
      add_name(commits, report->commit);
      add_name(versions, report->version);
    }
    return connection.query(kLatest, {tenants.text(), repos.text(), branches.text(), times.text(), ids.text(),
                                      statuses.text(), scores.text(), ais.text(), structurals.text(),
                                      failures.text(), agents.text(), commits.text(), versions.text()});
  });
}

Status add_decisions(pg::Connection& connection, const SumMap<DecisionSums>& map) {
  return sliced(map, [&](auto rows) {
    TextArray tenants, hours, names[4], counts;
    for (const auto& [bytes, sums] : rows) {
      const SumKeyParts key(bytes);
      tenants.add(key.tenant.value.to_string());
      hours.add(format_rfc3339(key.hour));
      for (std::size_t i = 0; i < 4; ++i) names[i].add(key.names[i]);
      counts.add(sums->decisions);
    }
    return connection.query(kDecisionRows, {tenants.text(), hours.text(), names[0].text(), names[1].text(),
                                            names[2].text(), names[3].text(), counts.text()});
  });
}

Status add_policies(pg::Connection& connection, const SumMap<DecisionSums>& decisions) {
  SumMap<DecisionSums> policies;
  SumKey key;
  for (const auto& [bytes, sums] : decisions.all()) {
    const SumKeyParts parts(bytes);
    if (parts.names[1].empty()) continue;
    DecisionSums& policy =
        policies.at(key.begin(parts.tenant, {0}).add(parts.names[0]).add(parts.names[1]).bytes());
    policy.decisions += sums.decisions;
    policy.first = std::min(policy.first, sums.first);
    policy.last = std::max(policy.last, sums.last);
  }
  return sliced(policies, [&](auto rows) {
    TextArray tenants, agents, hashes, firsts, lasts, counts;
    for (const auto& [bytes, sums] : rows) {
      const SumKeyParts parts(bytes);
      tenants.add(parts.tenant.value.to_string());
      agents.add(parts.names[0]);
      hashes.add(parts.names[1]);
      firsts.add(format_rfc3339(sums->first));
      lasts.add(format_rfc3339(sums->last));
      counts.add(sums->decisions);
    }
    return connection.query(kPolicies, {tenants.text(), agents.text(), hashes.text(), firsts.text(),
                                        lasts.text(), counts.text()});
  });
}

Status raise_agents(pg::Connection& connection, const SumMap<AgentSums>& agents) {
  SumMap<const AgentSums*> latest;
  SumKey key;
  for (const auto& [bytes, sums] : agents.all()) {
    const SumKeyParts parts(bytes);
    const AgentSums*& held = latest.at(key.begin(parts.tenant, {0}).add(parts.names[0]).bytes());
    if (held == nullptr || std::tie(held->time, held->id) < std::tie(sums.time, sums.id)) held = &sums;
  }
  return sliced(latest, [&](auto rows) {
    TextArray tenants, names, times, ids, kinds, sessions;
    for (const auto& [bytes, sums] : rows) {
      const SumKeyParts parts(bytes);
      tenants.add(parts.tenant.value.to_string());
      names.add(parts.names[0]);
      times.add(format_rfc3339((*sums)->time));
      ids.add((*sums)->id.to_string());
      kinds.add((*sums)->kind);
      add_name(sessions, (*sums)->session);
    }
    return connection.query(kAgentLatest, {tenants.text(), names.text(), times.text(), ids.text(),
                                           kinds.text(), sessions.text()});
  });
}

}  // namespace

SumKey& SumKey::begin(const TenantId& tenant, TimeUs hour) {
  char head[24];
  std::memcpy(head, tenant.value.bytes.data(), 16);
  const std::uint64_t shifted = static_cast<std::uint64_t>(hour.value) ^ (std::uint64_t{1} << 63);
  for (std::size_t i = 0; i < 8; ++i) head[16 + i] = static_cast<char>(shifted >> (56 - 8 * i) & 0xff);
  bytes_.assign(head, sizeof head);
  return *this;
}

SumKey& SumKey::add(std::string_view name) {
  const std::size_t at = bytes_.size();
  bytes_.resize(at + 2 + name.size());
  bytes_[at] = static_cast<char>(name.size() >> 8 & 0xff);
  bytes_[at + 1] = static_cast<char>(name.size() & 0xff);
  std::memcpy(bytes_.data() + at + 2, name.data(), name.size());
  return *this;
}

// Names are the senders' to choose, so which keys meet must be nobody's to know: the seed is of this process.
std::uint64_t sum_hash(std::string_view key) {
  static const std::array<std::uint64_t, 2> seed =
      std::bit_cast<std::array<std::uint64_t, 2>>(Uuid::random().bytes);
  __extension__ using Wide = unsigned __int128;
  const auto mix = [](std::uint64_t x, std::uint64_t y) {
    const Wide product = Wide{x} * y;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  };
  const auto word = [](const char* at) {
    std::uint64_t value = 0;
    std::memcpy(&value, at, sizeof value);
    return value;
  };
  std::uint64_t hash = seed[0] ^ key.size();
  const auto take = [&](const char* at) { hash = mix(word(at) ^ seed[1], word(at + 8) ^ hash); };
  char last[16] = {};
  const std::size_t whole = key.size() / 16 * 16;
  for (std::size_t at = 0; at < whole; at += 16) take(key.data() + at);
  std::memcpy(last, key.data() + whole, key.size() - whole);
  take(last);
  return mix(hash ^ seed[0], 0x9e3779b97f4a7c15ULL);
}

SumKeyParts::SumKeyParts(std::string_view bytes) {
  std::memcpy(tenant.value.bytes.data(), bytes.data(), 16);
  std::uint64_t shifted = 0;
  for (std::size_t i = 16; i < 24; ++i) shifted = shifted << 8 | static_cast<unsigned char>(bytes[i]);
  hour.value = static_cast<std::int64_t>(shifted ^ (std::uint64_t{1} << 63));
  bytes.remove_prefix(24);
  for (std::string_view& name : names) {
    if (bytes.empty()) break;
    const std::size_t size = static_cast<std::size_t>(static_cast<unsigned char>(bytes[0])) << 8 |
                             static_cast<unsigned char>(bytes[1]);
    name = bytes.substr(2, size);
    bytes.remove_prefix(2 + size);
  }
}

Status add_health(pg::Connection& connection, const HealthSums& sums) {
  static const std::string repo_hours = hours_statement("health_repo_hours", "repo", kRepoColumnNames);
  static const std::string agent_hours = hours_statement("health_agent_hours", "agent", kAgentColumnNames);
  if (Status done = add_hours(connection, repo_hours, sums.repos); !done) return done;
  if (Status done = add_failures(connection, sums.failures); !done) return done;
  if (Status done = raise_latest(connection, sums.latest); !done) return done;
  if (Status done = add_hours(connection, agent_hours, sums.agents); !done) return done;
  if (Status done = add_decisions(connection, sums.decisions); !done) return done;
  if (Status done = add_policies(connection, sums.decisions); !done) return done;
  return raise_agents(connection, sums.agents);
}

}  // namespace plumbline::postgres
