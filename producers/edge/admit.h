// Admission: token buckets per tenant and per agent; a token is a trace. Time is a parameter. A request is
// admitted or refused as a whole, because a client can only resend a whole request.
#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <span>
#include <string_view>
#include <unordered_map>

#include "core/ids.h"

namespace plumbline::edge {

using SteadyTime = std::chrono::steady_clock::time_point;

// Traces a second, and how many may come at once.
struct Rate {
  double per_s = 0;
  double burst = 0;
};

struct Rates {
  Rate tenant;
  Rate agent;
};

// Traces of one agent in a request.
struct AgentShare {
  std::string_view agent;
  std::uint32_t traces = 0;
};

struct Admission {
  bool admitted = true;
  bool by_agent = false;              // which bucket refused, or has the fewest tokens left
  double remaining = 0;               // tokens left in that bucket
  std::chrono::milliseconds wait{0};  // until a refused request can be admitted
};

// Buckets kept at once, over all shards: 64 bytes each. Past it, an agent's traces count against its tenant
// only.
inline constexpr std::size_t kBucketsMax = std::size_t{1} << 17;

// Thread-safe: workers share it, so that a tenant's limit does not depend on how its connections fell.
class Admitter {
 public:
  explicit Admitter(std::size_t buckets_max = kBucketsMax) : shard_max_(buckets_max / kShards) {}

  // Takes the traces' tokens, or none. A request larger than the burst is admitted by a full bucket, which
  // then owes.
  [[nodiscard]] Admission admit(const TenantId& tenant, const Rates& rates,
                                std::span<const AgentShare> shares, SteadyTime now);
  [[nodiscard]] std::size_t buckets() const;

 private:
  struct Key {
    Uuid tenant;
    std::uint64_t agent = 0;  // hash; 0: the tenant's own bucket
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const {
      return std::hash<Uuid>{}(key.tenant) ^ static_cast<std::size_t>(key.agent);
    }
  };
  struct Bucket {
    double tokens = 0;
    SteadyTime at{};
    Rate rate;
  };
  struct alignas(64) Shard {
    mutable std::mutex mutex;
    std::unordered_map<Key, Bucket, KeyHash> buckets;
  };
  static constexpr std::size_t kShards = 16;

  Shard& shard(const Key& key) { return shards_[KeyHash{}(key)*0x9e3779b97f4a7c15ULL >> 60]; }
  Admission take(const Key& key, const Rate& rate, double tokens, SteadyTime now);
  void give_back(const Key& key, double tokens);
  bool make_room(Shard& shard, SteadyTime now) const;

  const std::size_t shard_max_;
  std::array<Shard, kShards> shards_;
};

}  // namespace plumbline::edge
