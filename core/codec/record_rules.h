// schemas/topics/*.json as tables of rules.h, and where their values are kept.
#pragma once
#include <cstdint>

#include "core/codec/rules.h"

namespace plumbline::codec::record {

enum Slot : std::uint8_t {
  kV,
  kType,
  kTenant,
  kName,
  kVersion,
  kStatus,
  kRetentionDays,
  kTracesPerS,
  kBurst,
  kAgentTracesPerS,
  kAgentBurst,
  kKeyId,
  kAlgorithm,
  kSealed,
  kPublicKey,
  kTokenHash,
  kContent,
  kNotAfter,
  kRunId,
  kMinute,
  kReceived,
  kAccepted,
  kConsumer,
  kTopic,
  kPartition,
  kOffset,
  kIndex,
  kReason,
  kDetail,
  kAgent,
  kReceivedAt,
  kBody,
};

enum Collect : std::uint8_t { kNothing, kRejected, kRefused };

extern const Rule kKeysType;  // only v and type
extern const Rule kTenantRecord;
extern const Rule kKeyRecord;
extern const Rule kOutcome;
extern const Rule kDead;

}  // namespace plumbline::codec::record
