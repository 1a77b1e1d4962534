#include "core/codec/records.h"

#include "core/codec/json_writer.h"
#include "core/codec/record_rules.h"
#include "core/codec/walker.h"

namespace plumbline::codec {
namespace {

constexpr std::string_view kTenantStatusWords[] = {"active", "suspended", "erased"};
constexpr std::string_view kKeyStatusWords[] = {"active", "retiring", "revoked"};
constexpr std::string_view kAlgorithmWords[] = {"v1", "v1a", "bearer", "sonarqube"};

template <class Enum, std::size_t N>
std::string_view word_of(Enum value, const std::string_view (&words)[N]) {
  return words[static_cast<std::size_t>(value)];
}
// Of a word that its rule took.
template <class Enum, std::size_t N>
Enum value_of(std::string_view word, const std::string_view (&words)[N]) {
  std::size_t which = 0;
  while (which + 1 < N && words[which] != word) ++which;
  return static_cast<Enum>(which);
}

std::string string_at(const Walker& walker, record::Slot slot) {
  return std::string(walker.text(slot));
}
template <class Integer = std::int64_t>
Integer integer_at(const Walker& walker, record::Slot slot) {
  return static_cast<Integer>(walker.cell(slot).number);
}
std::optional<TimeUs> time_at(const Walker& walker, record::Slot slot) {
  if (!walker.has(slot)) return std::nullopt;
  return TimeUs{walker.cell(slot).time_us};
}
JsonWriter& member_or_null(JsonWriter& json, std::string_view name, const std::optional<TimeUs>& time) {
  json.key(name);
  return time ? json.text(format_rfc3339(*time)) : json.null();
}

TenantRecord tenant_record(const Walker& walker) {
  TenantRecord out;
  out.tenant = {walker.cell(record::kTenant).uuid};
  out.name = string_at(walker, record::kName);
  out.version = integer_at(walker, record::kVersion);
  out.status = value_of<TenantStatus>(walker.text(record::kStatus), kTenantStatusWords);
  out.retention_days = integer_at<std::int32_t>(walker, record::kRetentionDays);
  out.limits = {integer_at<std::int32_t>(walker, record::kTracesPerS),
                integer_at<std::int32_t>(walker, record::kBurst),
                integer_at<std::int32_t>(walker, record::kAgentTracesPerS),
                integer_at<std::int32_t>(walker, record::kAgentBurst)};
  return out;
}

// What a key of this kind can't be without.
std::pair<std::string_view, std::string_view> material_of(const KeyRecord& key) {
  switch (key.algorithm) {
    case KeyAlgorithm::kV1a:
      return {"public_key", key.public_key};
    case KeyAlgorithm::kBearer:
      return {"token_hash", key.token_hash};
    case KeyAlgorithm::kV1:
    case KeyAlgorithm::kSonarQube:
      break;
  }
  return {"sealed", key.sealed};
}

Result<KeysRecord> key_record(const Walker& walker) {
  KeyRecord out;
  out.key_id = {string_at(walker, record::kKeyId)};
  out.tenant = {walker.cell(record::kTenant).uuid};
  out.version = integer_at(walker, record::kVersion);
  out.status = value_of<KeyStatus>(walker.text(record::kStatus), kKeyStatusWords);
  out.algorithm = value_of<KeyAlgorithm>(walker.text(record::kAlgorithm), kAlgorithmWords);
  out.sealed = string_at(walker, record::kSealed);
  out.public_key = string_at(walker, record::kPublicKey);
  out.token_hash = string_at(walker, record::kTokenHash);
  out.include_content = walker.text(record::kContent) == "included";
  out.not_after = time_at(walker, record::kNotAfter);
  const auto [member, value] = material_of(out);
  if (value.empty()) {
    return poison("schema", "/" + std::string(member) + " is missing beside algorithm " +
                                std::string(word_of(out.algorithm, kAlgorithmWords)));
  }
  return KeysRecord(std::move(out));
}

struct CountCollector final : Collector {
  OutcomeRecord& out;
  explicit CountCollector(OutcomeRecord& record_out) : out(record_out) {}
  void collected(std::uint8_t what, std::string_view name, const Cell& cell) override {
    auto& counts = what == record::kRejected ? out.rejected : out.refused;
    counts[std::string(name)] = static_cast<std::int64_t>(cell.number);
  }
};

void append_counts(JsonWriter& json, std::string_view name,
                   const std::map<std::string, std::int64_t>& counts) {
  json.key(name).open_object();
  for (const auto& [reason, count] : counts) json.member(reason, count);
  json.close_object();
}

}  // namespace

std::string record_key(const TenantRecord& record) {
  return "tenant/" + record.tenant.value.to_string();
}
std::string record_key(const KeyRecord& record) {
  return "key/" + record.key_id.value;
}

std::string encode(const TenantRecord& record) {
  std::string out;
  JsonWriter json(out);
  json.open_object()
      .member("v", 1)
      .member("type", "tenant")
      .member("tenant", record.tenant.value.to_string());
  json.member("name", record.name).member("version", record.version);
  json.member("status", word_of(record.status, kTenantStatusWords))
      .member("retention_days", record.retention_days);
  json.key("limits").open_object();
  json.member("traces_per_s", record.limits.traces_per_s).member("burst", record.limits.burst);
  json.member("agent_traces_per_s", record.limits.agent_traces_per_s)
      .member("agent_burst", record.limits.agent_burst);
  json.close_object().close_object();
  return out;
}

std::string encode(const KeyRecord& record) {
  std::string out;
  JsonWriter json(out);
  json.open_object().member("v", 1).member("type", "key").member("key_id", record.key_id.value);
  json.member("tenant", record.tenant.value.to_string()).member("version", record.version);
  json.member("status", word_of(record.status, kKeyStatusWords));
  json.member("algorithm", word_of(record.algorithm, kAlgorithmWords));
  if (!record.sealed.empty()) json.member("sealed", record.sealed);
  if (!record.public_key.empty()) json.member("public_key", record.public_key);
  if (!record.token_hash.empty()) json.member("token_hash", record.token_hash);
  if (record.include_content) json.member("content", "included");
  member_or_null(json, "not_after", record.not_after).close_object();
  return out;
}

Result<KeysRecord> decode_keys_record(std::string_view value) {
  Walker walker;
  if (Status typed = walker.walk(value, record::kKeysType, nullptr); !typed) return std::move(typed).error();
  const bool tenant = walker.text(record::kType) == "tenant";
  Status walked = walker.walk(value, tenant ? record::kTenantRecord : record::kKeyRecord, nullptr);
  if (!walked) return std::move(walked).error();
  if (tenant) return KeysRecord(tenant_record(walker));
  return key_record(walker);
}

std::string record_key(const OutcomeRecord& record) {
  return record.run.value.to_string() + '/' + record.tenant.value.to_string() + '/' +
         format_rfc3339(record.minute);
}

std::string encode(const OutcomeRecord& record) {
  std::string out;
  JsonWriter json(out);
  json.open_object().member("v", 1).member("run_id", record.run.value.to_string());
  json.member("tenant", record.tenant.value.to_string()).member("minute", format_rfc3339(record.minute));
  json.member("received", record.received).member("accepted", record.accepted);
  append_counts(json, "rejected", record.rejected);
  append_counts(json, "refused", record.refused);
  json.close_object();
  return out;
}

Result<OutcomeRecord> decode_outcome_record(std::string_view value) {
  OutcomeRecord out;
  CountCollector counts(out);
  Walker walker;
  if (Status walked = walker.walk(value, record::kOutcome, &counts); !walked)
    return std::move(walked).error();
  out.run = {walker.cell(record::kRunId).uuid};
  out.tenant = {walker.cell(record::kTenant).uuid};
  out.minute = *time_at(walker, record::kMinute);
  out.received = integer_at(walker, record::kReceived);
  out.accepted = integer_at(walker, record::kAccepted);
  return out;
}

std::string record_key(const DeadRecord& record) {
  return (record.tenant ? record.tenant->value.to_string() : std::string("none")) + '/' + record.consumer;
}

std::string encode(const DeadRecord& record) {
  std::string out;
  out.reserve(record.body.size() + record.body.size() / 8 + 512);
  JsonWriter json(out);
  json.open_object().member("v", 1).member("consumer", record.consumer).member("topic", record.topic);
  json.member("partition", record.partition).member("offset", record.offset).member("index", record.index);
  json.member("reason", record.reason).member("detail", record.detail).key("tenant");
  record.tenant ? json.text(record.tenant->value.to_string()) : json.null();
  json.member("agent", record.agent).member("key_id", record.key_id);
  member_or_null(json, "received_at", record.received_at).member("body", record.body).close_object();
  return out;
}

Result<DeadRecord> decode_dead_record(std::string_view value) {
  Walker walker;
  if (Status walked = walker.walk(value, record::kDead, nullptr); !walked) return std::move(walked).error();
  DeadRecord out;
  out.consumer = string_at(walker, record::kConsumer);
  out.topic = string_at(walker, record::kTopic);
  out.partition = integer_at<std::int32_t>(walker, record::kPartition);
  out.offset = integer_at(walker, record::kOffset);
  out.index = integer_at<std::int32_t>(walker, record::kIndex);
  out.reason = string_at(walker, record::kReason);
  out.detail = string_at(walker, record::kDetail);
  if (walker.has(record::kTenant)) out.tenant = TenantId{walker.cell(record::kTenant).uuid};
  out.agent = string_at(walker, record::kAgent);
  out.key_id = string_at(walker, record::kKeyId);
  out.received_at = time_at(walker, record::kReceivedAt);
  out.body = string_at(walker, record::kBody);
  return out;
}

}  // namespace plumbline::codec
