#include "core/codec/records.h"

#include <string>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/codec/json_writer.h"

namespace plumbline::codec {
namespace {

const TenantId kTenant{*Uuid::parse("6513270e-269e-4d37-b2a7-4de452e6b438")};

TEST(Records, TenantGoesThereAndBack) {
  const TenantRecord record{kTenant, "a\"\\\n\u00e4", 7, TenantStatus::kSuspended, 30, {1, 2, 3, 4}};
  const auto back = decode_keys_record(encode(record));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(std::get<TenantRecord>(*back), record);
  EXPECT_EQ(record_key(record), "tenant/6513270e-269e-4d37-b2a7-4de452e6b438");
}

TEST(Records, KeysGoThereAndBack) {
  KeyRecord sealed{{"key_a"}, kTenant, 3, KeyStatus::kActive, KeyAlgorithm::kV1, "AAAA", "", std::nullopt};
  KeyRecord open{
      {"key_b"}, kTenant, 4, KeyStatus::kRetiring, KeyAlgorithm::kV1a, "", std::string(43, 'A') + "=",
      TimeUs{1}};
  const KeyRecord bearer{{"key_c"}, kTenant, 5,  KeyStatus::kActive,         KeyAlgorithm::kBearer,
                         "",        "",      {}, std::string(43, 'B') + "=", true};
  const KeyRecord sonarqube{{"key_d"}, kTenant, 6, KeyStatus::kActive, KeyAlgorithm::kSonarQube, "AAAA", ""};
  for (const KeyRecord& record : {sealed, open, bearer, sonarqube}) {
    const auto back = decode_keys_record(encode(record));
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(std::get<KeyRecord>(*back), record);
  }
  sealed.sealed.clear();
  EXPECT_EQ(decode_keys_record(encode(sealed)).error().message, "/sealed is missing beside algorithm v1");
}

TEST(Records, OutcomesGoThereAndBack) {
  const OutcomeRecord record{{kTenant.value}, kTenant, {60000000}, 6, 3, {{"schema", 1}}, {{"log_down", 2}}};
  const auto back = decode_outcome_record(encode(record));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, record);
  EXPECT_EQ(record_key(record),
            "6513270e-269e-4d37-b2a7-4de452e6b438/6513270e-269e-4d37-b2a7-4de452e6b438/"
            "1970-01-01T00:01:00.000000Z");
}

TEST(Records, DeadLettersGoThereAndBack) {
  DeadRecord record{"persist", "traces.v1", 1,   2,   -1,        "bad_frame",
                    "d",       kTenant,     "a", "k", TimeUs{5}, "base64:gA=="};
  EXPECT_EQ(*decode_dead_record(encode(record)), record);
  record.tenant.reset();
  record.received_at.reset();
  EXPECT_EQ(*decode_dead_record(encode(record)), record);
  EXPECT_EQ(record_key(record), "none/persist");
}

// Whatever bytes it is given, the writer writes what the decoder takes.
RC_GTEST_PROP(JsonWriter, AnyBytesDecode, (const std::string& bytes)) {
  DeadRecord record{"persist", "t", 0, 0, 0, "r", bytes, std::nullopt, bytes, bytes, std::nullopt, bytes};
  const auto back = decode_dead_record(encode(record));
  RC_ASSERT(back.ok());
  RC_ASSERT(encode(*back) == encode(record));
}

}  // namespace
}  // namespace plumbline::codec
