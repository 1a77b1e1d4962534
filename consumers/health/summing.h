// What one event adds to the sums: the formulas of schemas/sql/0030_health.sql, event by event.
#pragma once
#include <cstdint>
#include <string>

#include "core/codec/decoder.h"
#include "core/ids.h"
#include "core/time.h"
#include "sinks/postgres/health_sums.h"

namespace plumbline::health {

// Start of the hour that holds `time` (UTC).
[[nodiscard]] TimeUs hour_of(TimeUs time);
// Score 0 to 100 in thousandths; halves to even, as PostgreSQL's round(double precision).
[[nodiscard]] std::int64_t milli(double score);

// Adds events to sums that it borrows. Remembers the row it used last, so make a new one after the sums were
// cleared. Not thread-safe.
class Summing {
 public:
  explicit Summing(postgres::HealthSums& out) : out_(out) {}
  // Looks up where the event will be added, without adding: meanwhile memory answers other questions.
  // Optional, right before add() of the same event.
  void expect(const TenantId& tenant, const codec::DecodedTrace& event);
  void add(const TenantId& tenant, const codec::DecodedTrace& event);

 private:
  void report(const TenantId& tenant, const codec::DecodedTrace& event);
  void trace(const TenantId& tenant, const codec::DecodedTrace& event);
  void decision(const codec::DecodedTrace& event, postgres::AgentSums& agent);
  void begin_agent(const TenantId& tenant, const codec::DecodedTrace& event);
  void decision_key(const codec::Decision& decision);

  postgres::HealthSums& out_;
  postgres::SumKey key_;
  // The last agent and hour: lines of a frame mostly share them.
  postgres::AgentSums* agent_ = nullptr;  // nullptr: it has no row yet
  bool has_agent_ = false;
  TenantId agent_tenant_;
  TimeUs agent_hour_;
  std::string agent_name_;
  postgres::SumKey agent_key_;      // tenant, hour, agent; then those of a decision
  std::size_t agent_key_size_ = 0;  // without those
  std::uint64_t decision_hash_ = 0;
  bool expected_ = false;  // agent_key_ and decision_hash_ are of the event that comes next
};

}  // namespace plumbline::health
