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
  void add(const TenantId& tenant, const codec::DecodedTrace& event);

 private:
  void report(const TenantId& tenant, const codec::DecodedTrace& event);
  void trace(const TenantId& tenant, const codec::DecodedTrace& event);
  void decision(const TenantId& tenant, const codec::DecodedTrace& event, postgres::AgentSums& agent);
  postgres::AgentSums& agent_of(const TenantId& tenant, const codec::DecodedTrace& event, TimeUs hour);

  postgres::HealthSums& out_;
  postgres::SumKey key_;
  // The last agent row: lines of a frame mostly share it.
  postgres::AgentSums* agent_ = nullptr;
  TenantId agent_tenant_;
  TimeUs agent_hour_;
  std::string agent_name_;
};

}  // namespace plumbline::health
