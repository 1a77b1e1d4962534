#include "consumers/health/summing.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <span>
#include <tuple>

#include "consumers/health/member.h"

namespace plumbline::health {
namespace {

using postgres::AgentSums;
using postgres::kBuckets;

constexpr std::int64_t kHourUs = 3600LL * 1000000;
// One nonsensical duration must not overflow the sum of an hour.
constexpr double kDurationMax = 1e12;
// Upper bounds, exclusive; the last bucket has none.
constexpr std::array<std::int64_t, kBuckets - 1> kDurationMs = {100,   300,   1000,   3000,  10000,
                                                                30000, 60000, 300000, 900000};
constexpr std::array<std::int64_t, kBuckets - 1> kLatencyUs = {10000,   30000,    100000,   300000,   1000000,
                                                               3000000, 10000000, 30000000, 100000000};

std::size_t bucket(std::int64_t value, std::span<const std::int64_t> bounds) {
  return static_cast<std::size_t>(std::upper_bound(bounds.begin(), bounds.end(), value) - bounds.begin());
}

std::size_t tenth(std::int64_t value, std::int64_t width) {
  return std::min(kBuckets - 1, static_cast<std::size_t>(value / width));
}

std::int64_t whole(double value) {
  return static_cast<std::int64_t>(std::nearbyint(std::min(value, kDurationMax)));
}

}  // namespace

TimeUs hour_of(TimeUs time) {
  return {time.value - ((time.value % kHourUs) + kHourUs) % kHourUs};
}

std::int64_t milli(double score) {
  return static_cast<std::int64_t>(std::nearbyint(score * 1000));
}

void Summing::add(const TenantId& tenant, const codec::DecodedTrace& event) {
  if (event.kind == codec::Kind::kReport) {
    report(tenant, event);
  } else {
    trace(tenant, event);
  }
  expected_ = false;
}

void Summing::report(const TenantId& tenant, const codec::DecodedTrace& event) {
  const codec::Report& report = event.report;
  const TimeUs hour = hour_of(event.time);
  auto& sums = out_.repos.at(key_.begin(tenant, hour).add(event.repo).bytes()).sums;
  ++sums[postgres::kRuns];
  const char status = report.status.front();  // PASS, FAIL, SKIP, ERROR
  ++sums[status == 'P'   ? postgres::kPasses
         : status == 'F' ? postgres::kFails
         : status == 'S' ? postgres::kSkips
                         : postgres::kErrors];
  sums[postgres::kFailures] += static_cast<std::int64_t>(report.failures.size());
  if (report.score) {
    const std::int64_t score = milli(*report.score);
    ++sums[postgres::kScoreCount];
    sums[postgres::kScoreMilli] += score;
    ++sums[postgres::kScoreH0 + tenth(score, 10000)];
  }
  if (report.ai_health_score) {
    ++sums[postgres::kAiCount];
    sums[postgres::kAiMilli] += milli(*report.ai_health_score);
  }
  if (report.structural_score) {
    ++sums[postgres::kStructuralCount];
    sums[postgres::kStructuralMilli] += milli(*report.structural_score);
  }
  if (report.duration_ms) {
    const std::int64_t duration = whole(*report.duration_ms);
    ++sums[postgres::kDurationCount];
    sums[postgres::kDurationMs] += duration;
    ++sums[postgres::kDurationH0 + bucket(duration, kDurationMs)];
  }
  for (const codec::Failure& failure : report.failures) {
    key_.begin(tenant, hour).add(event.repo).add(failure.id).add(failure.severity).add(failure.provenance);
    ++out_.failures.at(key_.bytes());
  }
  auto& latest = out_.latest.at(key_.begin(tenant, {0}).add(event.repo).add(event.branch).bytes());
  if (std::tie(latest.time, latest.id) >= std::tie(event.time, event.id)) return;
  latest.time = event.time;
  latest.id = event.id;
  latest.status = report.status;
  latest.agent = event.agent;
  latest.commit = event.commit;
  latest.version = event.version;
  latest.score = report.score;
  latest.ai_health_score = report.ai_health_score;
  latest.structural_score = report.structural_score;
  latest.failures = static_cast<std::int64_t>(report.failures.size());
}

void Summing::begin_agent(const TenantId& tenant, const codec::DecodedTrace& event) {
  const std::int64_t into = event.time.value - agent_hour_.value;
  if (has_agent_ && into >= 0 && into < kHourUs && agent_name_ == event.agent && agent_tenant_ == tenant)
    return;
  agent_ = nullptr;
  has_agent_ = true;
  agent_tenant_ = tenant;
  agent_hour_ = hour_of(event.time);
  agent_name_ = event.agent;
  agent_key_.begin(tenant, agent_hour_).add(event.agent);
  agent_key_size_ = agent_key_.bytes().size();
}

void Summing::decision_key(const codec::Decision& decision) {
  agent_key_.cut(agent_key_size_).add(decision.policy_hash).add(decision.matched_rule_id);
  decision_hash_ = postgres::sum_hash(agent_key_.add(decision.action_type).bytes());
}

void Summing::expect(const TenantId& tenant, const codec::DecodedTrace& event) {
  expected_ = event.kind == codec::Kind::kDecision;
  if (!expected_) return;
  begin_agent(tenant, event);
  decision_key(event.decision);
  out_.decisions.prefetch(decision_hash_);
}

void Summing::trace(const TenantId& tenant, const codec::DecodedTrace& event) {
  if (!expected_) begin_agent(tenant, event);
  if (agent_ == nullptr) {
    agent_ = &out_.agents.at(agent_key_.bytes().substr(0, agent_key_size_));
  }
  AgentSums& agent = *agent_;
  ++agent.sums[postgres::kTraces];
  if (std::tie(agent.time, agent.id) < std::tie(event.time, event.id)) {
    agent.time = event.time;
    agent.id = event.id;
    agent.kind = codec::to_word(event.kind);
    agent.session = event.session;
  }
  switch (event.kind) {
    case codec::Kind::kDecision:
      return decision(event, agent);
    case codec::Kind::kSession:
      if (event.session_data.event == "start") ++agent.sums[postgres::kSessionStarts];
      if (event.session_data.event == "end") ++agent.sums[postgres::kSessionEnds];
      return;
    case codec::Kind::kSpan: {
      ++agent.sums[postgres::kSpans];
      const auto latency = number_member(event.data, "duration_us");
      if (!latency) return;
      const std::int64_t us = whole(*latency);
      ++agent.sums[postgres::kLatencyCount];
      agent.sums[postgres::kLatencyUs] += us;
      ++agent.sums[postgres::kLatencyH0 + bucket(us, kLatencyUs)];
      return;
    }
    case codec::Kind::kReport:
      return;
  }
}

void Summing::decision(const codec::DecodedTrace& event, AgentSums& agent) {
  const codec::Decision& decision = event.decision;
  auto& sums = agent.sums;
  ++sums[postgres::kDecisions];
  if (decision.action_type == "require_human") ++sums[postgres::kEscalations];
  if (!decision.matched_rule_id.empty()) ++sums[postgres::kMatched];
  if (decision.risk_score) {
    ++sums[postgres::kRiskCount];
    sums[postgres::kRiskSum] += *decision.risk_score;
    ++sums[postgres::kRiskH0 + tenth(*decision.risk_score, 10)];
  }
  if (const std::string_view risk = decision.risk_category; !risk.empty()) {
    ++sums[risk == "low"        ? postgres::kRiskLow
           : risk == "medium"   ? postgres::kRiskMedium
           : risk == "high"     ? postgres::kRiskHigh
           : risk == "critical" ? postgres::kRiskCritical
                                : postgres::kRiskOther];
  }
  if (!expected_) decision_key(decision);
  auto& counted = out_.decisions.at(agent_key_.bytes(), decision_hash_);
  ++counted.decisions;
  counted.first = std::min(counted.first, event.time);
  counted.last = std::max(counted.last, event.time);
}

}  // namespace plumbline::health
