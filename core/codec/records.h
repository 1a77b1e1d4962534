// Values of the topics keys.v1, outcomes.v1 and dead.v1 (schemas/topics/*.json): structs from and to JSON
// text. Encoding writes what decoding accepts; decoding validates as the schema does. Free functions;
// thread-safe.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "core/ids.h"
#include "core/result.h"
#include "core/time.h"

namespace plumbline::codec {

enum class TenantStatus : std::uint8_t { kActive, kSuspended, kErased };
enum class KeyStatus : std::uint8_t { kActive, kRetiring, kRevoked };
// kV1, kV1a sign requests (Standard Webhooks); kBearer is sent along with OTLP exports; kSonarQube signs the
// bodies of SonarQube's webhook. A key of one kind is no key of another.
enum class KeyAlgorithm : std::uint8_t { kV1, kV1a, kBearer, kSonarQube };

// Token buckets: traces a second and burst, of the tenant and of one of its agents.
struct TenantLimits {
  std::int32_t traces_per_s = 2000;
  std::int32_t burst = 4000;
  std::int32_t agent_traces_per_s = 500;
  std::int32_t agent_burst = 1000;
  auto operator<=>(const TenantLimits&) const = default;
};

struct TenantRecord {
  TenantId tenant;
  std::string name;
  std::int64_t version = 0;
  TenantStatus status = TenantStatus::kActive;
  std::int32_t retention_days = 400;
  TenantLimits limits;
  auto operator<=>(const TenantRecord&) const = default;
};

struct KeyRecord {
  KeyId key_id;
  TenantId tenant;
  std::int64_t version = 0;
  KeyStatus status = KeyStatus::kActive;
  KeyAlgorithm algorithm = KeyAlgorithm::kV1;
  std::string sealed;      // base64; v1 and sonarqube only
  std::string public_key;  // base64 of 32 bytes; v1a only
  std::optional<TimeUs> not_after = {};
  std::string token_hash = {};   // base64 of the token's SHA-256; bearer only
  bool include_content = false;  // bearer: prompt and message content may enter
  auto operator<=>(const KeyRecord&) const = default;
};

using KeysRecord = std::variant<TenantRecord, KeyRecord>;

// Record keys of keys.v1: tenant/<uuid> and key/<key id>.
[[nodiscard]] std::string record_key(const TenantRecord& record);
[[nodiscard]] std::string record_key(const KeyRecord& record);
[[nodiscard]] std::string encode(const TenantRecord& record);
[[nodiscard]] std::string encode(const KeyRecord& record);
// Not for tombstones: an empty value removes the record key. Poison "invalid_json" or "schema".
Result<KeysRecord> decode_keys_record(std::string_view value);

// Cumulative counts of traces of one edge run, tenant and minute of receipt; merged by maximum.
struct OutcomeRecord {
  RunId run;
  TenantId tenant;
  TimeUs minute;
  std::int64_t received = 0;
  std::int64_t accepted = 0;
  std::map<std::string, std::int64_t> rejected;  // by word of RejectReason
  std::map<std::string, std::int64_t> refused;   // rate_limited, log_slow, log_down, overloaded
  auto operator<=>(const OutcomeRecord&) const = default;
};

// <run_id>/<tenant>/<minute RFC 3339>.
[[nodiscard]] std::string record_key(const OutcomeRecord& record);
[[nodiscard]] std::string encode(const OutcomeRecord& record);
Result<OutcomeRecord> decode_outcome_record(std::string_view value);

struct DeadRecord {
  std::string consumer;
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::int32_t index = 0;  // line of the frame; -1: the whole frame
  std::string reason;      // one word
  std::string detail;      // for people; never a payload
  std::optional<TenantId> tenant;
  std::string agent;
  std::string key_id;
  std::optional<TimeUs> received_at;
  std::string body;  // plain UTF-8 text, else "base64:" and base64
  auto operator<=>(const DeadRecord&) const = default;
};

// <tenant>/<consumer>; "none" stands for no tenant.
[[nodiscard]] std::string record_key(const DeadRecord& record);
[[nodiscard]] std::string encode(const DeadRecord& record);
Result<DeadRecord> decode_dead_record(std::string_view value);

}  // namespace plumbline::codec
