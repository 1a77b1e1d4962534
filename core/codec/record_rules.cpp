#include "core/codec/record_rules.h"

#include "core/limits.h"

namespace plumbline::codec::record {
namespace {

using enum Type;

constexpr double kIntegerMax = 9007199254740991;  // 2^53 - 1
constexpr double kRowIntegerMax = 2147483647;

constexpr std::string_view kTypes[] = {"tenant", "key"};
constexpr std::string_view kTenantStatuses[] = {"active", "suspended", "erased"};
constexpr std::string_view kKeyStatuses[] = {"active", "retiring", "revoked"};
constexpr std::string_view kAlgorithms[] = {"v1", "v1a", "bearer", "sonarqube"};
constexpr std::string_view kContentWords[] = {"none", "included"};

constexpr Rule kOne{.type = kInteger, .min = 1, .max = 1};
constexpr Rule kTypeWord{.type = kString, .words = kTypes};
constexpr Rule kUuidText{.type = kString, .format = Format::kUuid};
constexpr Rule kUuidOrNull{.type = kString, .nullable = true, .format = Format::kUuid};
constexpr Rule kTimeText{.type = kString, .format = Format::kTime};
constexpr Rule kTimeOrNull{.type = kString, .nullable = true, .format = Format::kTime};
constexpr Rule kTenantName{.type = kString, .chars_min = 1, .chars_max = 200};
constexpr Rule kRecordVersion{.type = kInteger, .min = 1, .max = kIntegerMax};
constexpr Rule kTenantStatusWord{.type = kString, .words = kTenantStatuses};
constexpr Rule kKeyStatusWord{.type = kString, .words = kKeyStatuses};
constexpr Rule kAlgorithmWord{.type = kString, .words = kAlgorithms};
constexpr Rule kContentWord{.type = kString, .words = kContentWords};
constexpr Rule kDays{.type = kInteger, .min = 1, .max = limits::kRetentionDaysMax};
constexpr Rule kRate{.type = kInteger, .min = 1, .max = 1000000};
constexpr Rule kBurstSize{.type = kInteger, .min = 1, .max = 10000000};
constexpr Rule kKeyIdText{.type = kString, .format = Format::kKeyId, .chars_min = 1, .chars_max = 64};
constexpr Rule kSealedText{.type = kString, .format = Format::kBase64, .chars_min = 4, .chars_max = 1024};
constexpr Rule k32BytesText{.type = kString, .format = Format::kBase64, .chars_min = 44, .chars_max = 44};
constexpr Rule kCountNumber{.type = kInteger, .min = 0, .max = kIntegerMax};
constexpr Rule kRejectedCount{.type = kInteger, .collect = kRejected, .min = 0, .max = kIntegerMax};
constexpr Rule kRefusedCount{.type = kInteger, .collect = kRefused, .min = 0, .max = kIntegerMax};
constexpr Rule kRejectedCounts{.type = kMap, .items_max = 32, .items = &kRejectedCount};
constexpr Rule kRefusedCounts{.type = kMap, .items_max = 32, .items = &kRefusedCount};
constexpr Rule kWord64{.type = kString, .format = Format::kWord, .chars_min = 1, .chars_max = 64};
constexpr Rule kTopicName{.type = kString, .chars_min = 1, .chars_max = 249};  // Kafka's own bound
constexpr Rule kRowInteger{.type = kInteger, .min = 0, .max = kRowIntegerMax};
constexpr Rule kFrameIndex{.type = kInteger, .min = -1, .max = kRowIntegerMax};
constexpr Rule kText{.type = kString};

constexpr Field kKeysTypeFields[] = {{"v", &kOne, kV, true}, {"type", &kTypeWord, kType, true}};
constexpr Shape kKeysTypeShape{kKeysTypeFields};

constexpr Field kLimitFields[] = {
    {"traces_per_s", &kRate, kTracesPerS, true},
    {"burst", &kBurstSize, kBurst, true},
    {"agent_traces_per_s", &kRate, kAgentTracesPerS, true},
    {"agent_burst", &kBurstSize, kAgentBurst, true},
};
constexpr Shape kLimitShape{kLimitFields};
constexpr Rule kLimits{.type = kObject, .shape = &kLimitShape};
constexpr Field kTenantFields[] = {
    {"v", &kOne, kV, true},
    {"type", &kTypeWord, kType, true},
    {"tenant", &kUuidText, kTenant, true},
    {"name", &kTenantName, kName, true},
    {"version", &kRecordVersion, kVersion, true},
    {"status", &kTenantStatusWord, kStatus, true},
    {"retention_days", &kDays, kRetentionDays, true},
    {"limits", &kLimits, kNoSlot, true},
};
constexpr Shape kTenantShape{kTenantFields};

constexpr Field kKeyFields[] = {
    {"v", &kOne, kV, true},
    {"type", &kTypeWord, kType, true},
    {"key_id", &kKeyIdText, kKeyId, true},
    {"tenant", &kUuidText, kTenant, true},
    {"version", &kRecordVersion, kVersion, true},
    {"status", &kKeyStatusWord, kStatus, true},
    {"algorithm", &kAlgorithmWord, kAlgorithm, true},
    {"sealed", &kSealedText, kSealed},
    {"public_key", &k32BytesText, kPublicKey},
    {"token_hash", &k32BytesText, kTokenHash},
    {"content", &kContentWord, kContent},
    {"not_after", &kTimeOrNull, kNotAfter},
};
constexpr Shape kKeyShape{kKeyFields};

constexpr Field kOutcomeFields[] = {
    {"v", &kOne, kV, true},
    {"run_id", &kUuidText, kRunId, true},
    {"tenant", &kUuidText, kTenant, true},
    {"minute", &kTimeText, kMinute, true},
    {"received", &kCountNumber, kReceived, true},
    {"accepted", &kCountNumber, kAccepted, true},
    {"rejected", &kRejectedCounts, kNoSlot, true},
    {"refused", &kRefusedCounts, kNoSlot, true},
};
constexpr Shape kOutcomeShape{kOutcomeFields};

constexpr Field kDeadFields[] = {
    {"v", &kOne, kV, true},
    {"consumer", &kWord64, kConsumer, true},
    {"topic", &kTopicName, kTopic, true},
    {"partition", &kRowInteger, kPartition, true},
    {"offset", &kCountNumber, kOffset, true},
    {"index", &kFrameIndex, kIndex, true},
    {"reason", &kWord64, kReason, true},
    {"detail", &kText, kDetail, true},
    {"tenant", &kUuidOrNull, kTenant, true},
    {"agent", &kText, kAgent, true},
    {"key_id", &kText, kKeyId, true},
    {"received_at", &kTimeOrNull, kReceivedAt, true},
    {"body", &kText, kBody, true},
};
constexpr Shape kDeadShape{kDeadFields};

}  // namespace

const Rule kKeysType{.type = kObject, .shape = &kKeysTypeShape};
const Rule kTenantRecord{.type = kObject, .shape = &kTenantShape};
const Rule kKeyRecord{.type = kObject, .shape = &kKeyShape};
const Rule kOutcome{.type = kObject, .shape = &kOutcomeShape};
const Rule kDead{.type = kObject, .shape = &kDeadShape};

}  // namespace plumbline::codec::record
