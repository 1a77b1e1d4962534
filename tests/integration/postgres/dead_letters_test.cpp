// Dead letters for operators: found by address, put back as frames that a consumer can read.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/crypto/base64.h"
#include "core/frame.h"
#include "sinks/postgres/dead_letter_desk.h"
#include "sinks/postgres/ledger_report.h"
#include "tests/integration/postgres/memory_log.h"
#include "tests/support/postgres.h"

namespace plumbline::tests {
namespace {

using postgres::DeadLetter;

struct DeadLetters : testing::Test {
  TestDatabase db;
  pg::Connection c = db.connect("plumbline_control");
  MemoryLog log;
  const TenantId tenant{Uuid::random()};

  DeadLetter letter(const std::string& topic, std::int32_t index, const std::string& body) {
    DeadLetter l;
    l.consumer = "persist";
    l.topic = topic;
    l.partition = 2;
    l.offset = 41;
    l.index = index;
    l.reason = "schema";
    l.detail = "why";
    l.tenant = tenant;
    l.agent = "builder";
    l.key_id = "key_x";
    l.received_at = parse_rfc3339("2026-11-20T10:00:00.5Z");
    l.body = body;
    return l;
  }
  void keep(const DeadLetter& l) {
    auto writer = db.connect("plumbline_writer");
    ASSERT_TRUE(writer.begin().ok());
    EXPECT_EQ(require(postgres::insert_dead_letters(writer, std::vector{l})), 1);
    ASSERT_TRUE(writer.commit().ok());
  }
  // The record that was appended, as a consumer reads its headers.
  Result<frame::Meta> meta(std::size_t i, std::vector<log::Header>& headers) {
    kept_ = log.kept();
    entries_ = log.entries();
    for (const auto& [name, value] : kept_.at(i).headers) headers.push_back({name, value});
    log::ReadRecord record;
    record.key = entries_.at(i).first;
    record.headers = headers;
    return frame::parse_meta(record);
  }
  std::vector<MemoryLog::Kept> kept_;
  std::vector<MemoryLog::Entry> entries_;
};

TEST_F(DeadLetters, AreFoundByAddress) {
  keep(letter("traces.v1", 3, "{}"));
  const auto listed = require(postgres::list_dead_letters(c, {}));
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0].body, "");
  EXPECT_EQ(postgres::address_of(listed[0]), "persist/traces.v1/2/41/3");
  const auto found = require(postgres::find_dead_letter(c, "persist/traces.v1/2/41/3"));
  EXPECT_EQ(found.body, "{}");
  EXPECT_EQ(found.tenant, tenant);
  EXPECT_EQ(format_rfc3339(*found.received_at), "2026-11-20T10:00:00.500000Z");
  for (const char* wrong : {"", "x", "persist/traces.v1/2/41/4", "persist/traces.v1/2/41/x", "a/b/c/d/e/f"}) {
    EXPECT_EQ(postgres::find_dead_letter(c, wrong).error().code, "no_dead_letter") << wrong;
  }
  EXPECT_TRUE(require(postgres::list_dead_letters(c, {.tenant = TenantId{Uuid::random()}})).empty());
  EXPECT_TRUE(
      require(postgres::list_dead_letters(c, {.tenant = std::nullopt, .reason = "conflict"})).empty());
}

TEST_F(DeadLetters, AReplayIsAFrameOfItsOwnRun) {
  postgres::DeadLetterReplay replay(log, c);
  EXPECT_EQ(require(replay.replay(letter("traces.v1", 0, "{\"kind\":\"decision\"}"))), 0);
  EXPECT_EQ(require(replay.replay(letter("traces.v1", 1, "base64:" + crypto::base64_encode("{\"a\":1}")))),
            1);
  EXPECT_EQ(require(replay.replay(letter("reports.v1", 0, "{\"repo\":\"acme/web\"}"))), 2);
  std::vector<log::Header> first, second, third;
  const auto one = require(meta(0, first));
  EXPECT_EQ(entries_[0].first, tenant.value.to_string() + "/builder");
  EXPECT_EQ(entries_[1].second, "{\"a\":1}");
  EXPECT_EQ(entries_[2].first, tenant.value.to_string() + "/acme/web");
  EXPECT_EQ(one.tenant, tenant);
  EXPECT_EQ(one.seq, 0u);
  EXPECT_EQ(one.key_id, "key_x");
  EXPECT_EQ(format_rfc3339(one.received_at), "2026-11-20T10:00:00.500000Z");
  const auto two = require(meta(1, second));
  EXPECT_EQ(two.seq, 1u);
  EXPECT_EQ(two.run, one.run);
  EXPECT_EQ(require(meta(2, third)).seq, 0u) << "numbered by topic and partition";
}

TEST_F(DeadLetters, AWholeFrameOrNobodysTraceIsNotReplayed) {
  postgres::DeadLetterReplay replay(log, c);
  EXPECT_EQ(replay.replay(letter("traces.v1", -1, "x")).error().code, "not_replayable");
  auto nobody = letter("traces.v1", 0, "{}");
  nobody.tenant.reset();
  EXPECT_EQ(replay.replay(nobody).error().code, "not_replayable");
  EXPECT_TRUE(log.entries().empty());
}

TEST_F(DeadLetters, TheLedgerShowsATenantsBalanceAndTheLogsTroubles) {
  auto made = require(postgres::TenantStore(c, "x").create("acme", {}));
  auto writer = db.connect("plumbline_writer");
  const std::string id = made.id.value.to_string();
  (void)require(writer.query(
      "INSERT INTO plumbline.edge_outcomes VALUES ($1, now() - interval '1 hour', gen_random_uuid(), 10, 10)",
      {id}));
  const auto tenants = std::vector{made};
  const auto balances = require(postgres::ledger_balances(c, tenants));
  ASSERT_EQ(balances.size(), 1u);
  EXPECT_EQ(balances[0].received, 10);
  EXPECT_EQ(balances[0].in_flight, 10);
  EXPECT_EQ(balances[0].overdue, 10);
  EXPECT_TRUE(balances[0].alarming());
  EXPECT_EQ(require(postgres::log_troubles(c)).holes, 0);
}

}  // namespace
}  // namespace plumbline::tests
