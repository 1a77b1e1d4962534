#include "producers/edge/admit.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace plumbline::edge {
namespace {

double seconds(std::chrono::steady_clock::duration span) {
  return std::chrono::duration<double>(span).count();
}

std::uint64_t agent_hash(std::string_view agent) {
  const std::uint64_t hash = std::hash<std::string_view>{}(agent);
  return hash == 0 ? 1 : hash;
}

double refilled(double tokens, const Rate& rate, std::chrono::steady_clock::duration idle) {
  return std::min(rate.burst, tokens + rate.per_s * std::max(0.0, seconds(idle)));
}

}  // namespace

Admission Admitter::take(const Key& key, const Rate& rate, double tokens, SteadyTime now) {
  Shard& home = shard(key);
  const std::scoped_lock lock(home.mutex);
  auto found = home.buckets.find(key);
  if (found == home.buckets.end()) {
    if (key.agent != 0 && home.buckets.size() >= shard_max_ && !make_room(home, now)) {
      return {.remaining = rate.burst};  // the tenant's bucket still bounds it
    }
    found = home.buckets.emplace(key, Bucket{rate.burst, now, rate}).first;
  }
  Bucket& bucket = found->second;
  bucket.tokens = refilled(bucket.tokens, rate, now - bucket.at);
  bucket.at = std::max(bucket.at, now);
  bucket.rate = rate;
  const double needed = std::min(tokens, rate.burst);
  if (bucket.tokens + 1e-9 < needed) {
    const double wait_s = rate.per_s > 0 ? (needed - bucket.tokens) / rate.per_s : 3600;
    return {.admitted = false,
            .remaining = std::max(0.0, bucket.tokens),
            .wait = std::chrono::milliseconds(
                static_cast<std::int64_t>(std::ceil(std::min(wait_s, 3600.0) * 1000)))};
  }
  bucket.tokens -= tokens;
  return {.remaining = std::max(0.0, bucket.tokens)};
}

void Admitter::give_back(const Key& key, double tokens) {
  Shard& home = shard(key);
  const std::scoped_lock lock(home.mutex);
  if (const auto found = home.buckets.find(key); found != home.buckets.end()) found->second.tokens += tokens;
}

// A full bucket says nothing that a new one would not.
bool Admitter::make_room(Shard& home, SteadyTime now) const {
  std::erase_if(home.buckets, [now](const auto& entry) {
    const Bucket& bucket = entry.second;
    return entry.first.agent != 0 &&
           refilled(bucket.tokens, bucket.rate, now - bucket.at) >= bucket.rate.burst;
  });
  return home.buckets.size() < shard_max_;
}

Admission Admitter::admit(const TenantId& tenant, const Rates& rates, std::span<const AgentShare> shares,
                          SteadyTime now) {
  double total = 0;
  for (const AgentShare& share : shares) total += share.traces;
  const Key own{tenant.value, 0};
  Admission result = take(own, rates.tenant, total, now);
  for (std::size_t i = 0; result.admitted && i < shares.size(); ++i) {
    Admission agent = take({tenant.value, agent_hash(shares[i].agent)}, rates.agent, shares[i].traces, now);
    agent.by_agent = true;
    if (!agent.admitted) {
      give_back(own, total);
      for (std::size_t j = 0; j < i; ++j)
        give_back({tenant.value, agent_hash(shares[j].agent)}, shares[j].traces);
    }
    if (!agent.admitted || agent.remaining < result.remaining) result = agent;
  }
  return result;
}

std::size_t Admitter::buckets() const {
  std::size_t count = 0;
  for (const Shard& each : shards_) {
    const std::scoped_lock lock(each.mutex);
    count += each.buckets.size();
  }
  return count;
}

}  // namespace plumbline::edge
