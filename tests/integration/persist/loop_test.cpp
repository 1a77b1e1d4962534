// The shared loop over a scripted log and a real PostgreSQL: exactly once, fenced, never blocked by poison,
// never resetting.
#include "consumers/loop/loop.h"

#include <atomic>
#include <functional>
#include <thread>
#include <utility>

#include <gtest/gtest.h>

#include "tests/integration/persist/script_log.h"
#include "tests/support/postgres.h"

namespace plumbline::tests {
namespace {

using namespace std::chrono_literals;

// Writes each record's value as a row; the value "poison" is refused by PostgreSQL.
class Rows final : public loop::Consumer {
 public:
  [[nodiscard]] std::string_view name() const override { return "rows"; }
  [[nodiscard]] std::vector<std::string> topics() const override { return {"traces.v1"}; }
  Status connected(pg::Connection&) override { return ok_status(); }
  Status assigned(pg::Connection&, std::span<const postgres::Position>) override { return ok_status(); }
  std::size_t fold(std::span<const loop::Input> inputs) override {
    inputs_.assign(inputs.begin(),
                   inputs.begin() + static_cast<std::ptrdiff_t>(std::min(most, inputs.size())));
    skipped_.assign(inputs_.size(), false);
    return inputs_.size();
  }
  Status prepare(pg::Connection&) override { return ok_status(); }
  Status apply(pg::Connection& connection) override {
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      if (skipped_[i]) continue;
      auto done = connection.query(
          "INSERT INTO public.rows SELECT $1, 1 / (CASE WHEN $1 = 'poison' THEN 0 ELSE 1 END), $2",
          {inputs_[i].record->value, inputs_[i].fresh ? "t" : "f"});
      if (!done) return done.error();
    }
    if (before_commit) before_commit();
    return ok_status();
  }
  Result<bool> isolate(pg::Connection&, const Error&) override {
    bool found = false;
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      if (inputs_[i].record->value != "poison" || skipped_[i]) continue;
      found = skipped_[i] = true;
      ++poisoned;
    }
    return found;
  }
  void committed() override { ++commits; }

  std::size_t most = 1000;
  std::function<void()> before_commit;
  int commits = 0;
  int poisoned = 0;

 private:
  std::vector<loop::Input> inputs_;
  std::vector<bool> skipped_;
};

class LoopTest : public testing::Test {
 protected:
  LoopTest() : super_(database_.superuser()) {
    require(super_.execute(
        "CREATE TABLE public.rows (value text, one int, fresh boolean);"
        "GRANT USAGE ON SCHEMA public TO plumbline_writer; GRANT ALL ON public.rows TO plumbline_writer"));
    options_.postgres.conninfo = database_.conninfo();
    options_.postgres.role = "plumbline_writer";
    options_.backoff_max = 100ms;
  }
  void put(std::int32_t partition, const std::string& value) {
    StoredRecord record;
    record.value = value;
    log_.put("traces.v1", partition, record);
  }
  std::unique_ptr<loop::Loop> member(Rows& rows) {
    return std::make_unique<loop::Loop>(rows, log_, clock_, metrics_, options_);
  }
  std::string values() {
    auto rows = require(super_.query(
        "SELECT coalesce(string_agg(value, ' ' ORDER BY value COLLATE \"C\"), '') FROM public.rows"));
    return std::string(rows.text(0, 0));
  }
  std::int64_t number(const std::string& sql) { return require(super_.query(sql)).integer(0, 0); }

  TestDatabase database_;
  pg::Connection super_;
  ScriptLog log_;
  SystemClock clock_;
  telemetry::Metrics metrics_;
  loop::Options options_;
  std::stop_source stop_;
};

TEST_F(LoopTest, EachRecordOnceAcrossMembersThatNeverSentAHint) {
  put(0, "a");
  put(1, "b");
  Rows rows;
  EXPECT_EQ(require(member(rows)->step(stop_.get_token())), 2U);  // gone before anything else happens
  put(0, "c");
  Rows after;
  EXPECT_EQ(require(member(after)->step(stop_.get_token())), 1U);
  EXPECT_EQ(values(), "a b c");
}

TEST_F(LoopTest, BatchesAreCutWhereTheConsumerSays) {
  for (const char* value : {"a", "b", "c", "d", "e"}) put(0, value);
  Rows rows;
  rows.most = 2;
  EXPECT_EQ(require(member(rows)->step(stop_.get_token())), 5U);
  EXPECT_EQ(rows.commits, 3);
  EXPECT_EQ(values(), "a b c d e");
}

TEST_F(LoopTest, AStaleMemberCommitsNothing) {
  put(0, "a");
  Rows old_rows, new_rows;
  auto old_member = member(old_rows);
  require(old_member->step(stop_.get_token()));
  put(0, "b");
  auto new_member = member(new_rows);
  require(new_member->step(stop_.get_token()));  // takes over, commits b
  put(0, "c");
  EXPECT_EQ(require(old_member->step(stop_.get_token())), 0U) << "holds an older epoch";
  EXPECT_EQ(values(), "a b");
  EXPECT_EQ(require(old_member->step(stop_.get_token())), 1U) << "joined anew, it owns the partition";
  EXPECT_EQ(require(new_member->step(stop_.get_token())), 0U) << "now the other one is stale";
  EXPECT_EQ(values(), "a b c");
}

TEST_F(LoopTest, AMemberThatIsOvertakenInsideItsTransactionCommitsNothing) {
  put(0, "a");
  Rows slow, quick;
  auto slow_member = member(slow);
  auto quick_member = member(quick);
  require(slow_member->step(stop_.get_token()));
  put(0, "b");
  require(quick_member->step(stop_.get_token()));
  put(0, "c");
  require(quick_member->step(stop_.get_token()));
  require(slow_member->step(stop_.get_token()));
  EXPECT_EQ(values(), "a b c");
}

TEST_F(LoopTest, PoisonIsLeftOutAndThePartitionGoesOn) {
  for (const char* value : {"a", "poison", "b"}) put(0, value);
  Rows rows;
  EXPECT_EQ(require(member(rows)->step(stop_.get_token())), 3U);
  EXPECT_EQ(rows.poisoned, 1);
  EXPECT_EQ(values(), "a b");
}

TEST_F(LoopTest, ReadingAgainIsNotFresh) {
  put(0, "a");
  Rows rows;
  require(member(rows)->step(stop_.get_token()));
  require(super_.execute("UPDATE plumbline.positions SET next_offset = 0"));
  put(0, "b");
  require(member(rows)->step(stop_.get_token()));
  EXPECT_EQ(values(), "a a b");
  EXPECT_EQ(number("SELECT count(*) FROM public.rows WHERE NOT fresh"), 1);
}

TEST_F(LoopTest, ALostPositionStopsThatPartitionAndNoOther) {
  for (const char* value : {"a", "b", "c"}) put(0, value);
  put(1, "x");
  Rows rows;
  rows.most = 1;
  require(member(rows)->step(stop_.get_token()));
  put(0, "d");
  put(0, "e");
  put(1, "y");
  log_.forget_below("traces.v1", 0, 4);  // d (offset 3) was never read
  auto again = member(rows);
  require(again->step(stop_.get_token()));
  EXPECT_EQ(values(), "a b c x y") << "e is not read behind the operator's back";
  ASSERT_FALSE(again->healthy());
  EXPECT_EQ(again->healthy().error().code, "position_lost");
  EXPECT_EQ(
      number(
          "SELECT count(*) FROM plumbline.log_losses WHERE reason = 'below_retention' AND from_offset = 3"),
      1);
  const auto gauge = [&](const std::string& name, int value) {
    return metrics_.text().find("plumbline_consumer_partitions_" + name + "{consumer=\"rows\"} " +
                                std::to_string(value) + "\n") != std::string::npos;
  };
  EXPECT_TRUE(gauge("assigned", 2) && gauge("stopped", 1)) << metrics_.text();
  std::stop_source over;
  over.request_stop();
  again->run(over.get_token());  // it leaves, and what it had is no longer counted as its own
  EXPECT_TRUE(gauge("assigned", 0) && gauge("stopped", 0)) << metrics_.text();
  // Another member later: still stopped, still one loss.
  require(member(rows)->step(stop_.get_token()));
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.log_losses"), 1);
  require(super_.query("SELECT plumbline.resume_position('rows', 'traces.v1', 0, 'one', 4)"));
  auto resumed = member(rows);
  require(resumed->step(stop_.get_token()));
  EXPECT_EQ(values(), "a b c e x y");
  EXPECT_TRUE(resumed->healthy());
}

TEST_F(LoopTest, AnotherIncarnationIsALossToo) {
  put(0, "a");
  Rows rows;
  require(member(rows)->step(stop_.get_token()));
  log_.set_incarnation("two");
  put(0, "b");
  require(member(rows)->step(stop_.get_token()));
  EXPECT_EQ(values(), "a");
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.log_losses WHERE reason = 'other_incarnation'"), 2)
      << "both partitions";
}

TEST_F(LoopTest, PostgresGoneInTheMiddleBlocksAndLosesNothing) {
  PostgresCluster& cluster = database_.cluster();
  put(0, "a");
  Rows rows;
  auto one = member(rows);
  bool killed = false;
  rows.before_commit = [&] {
    if (killed) return;
    killed = true;
    cluster.kill9();
  };
  std::atomic<std::size_t> done = 0;
  std::jthread stepping([&] {
    const auto step = one->step(stop_.get_token());
    done = step ? *step : 0;
  });
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (one->healthy() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  ASSERT_FALSE(one->healthy()) << "it must say that it can't go on";
  cluster.start();  // on this thread, which the server's life is bound to
  stepping.join();
  EXPECT_EQ(done, 1U);
  super_ = database_.superuser();
  EXPECT_EQ(values(), "a");
  EXPECT_TRUE(one->healthy());
}

TEST_F(LoopTest, SaysHowOldWhatItHasInHandIsAndHowFarItIsBehind) {
  const auto metric = [&](const std::string& name) {
    const std::string text = metrics_.text();
    const auto at = text.find("\n" + name + "{");
    EXPECT_NE(at, std::string::npos) << name << " in\n" << text;
    const auto value = text.find("} ", at) + 2;
    return text.substr(value, text.find('\n', value) - value);
  };
  StoredRecord record;
  record.value = "a";
  record.timestamp_ms = clock_.now().value / 1000 - 3'600'000;
  log_.put("traces.v1", 0, record);
  Rows rows;
  auto one = member(rows);
  std::string age;
  rows.before_commit = [&] { age = metric("plumbline_consumer_oldest_message_age_seconds"); };
  require(one->step(stop_.get_token()));
  EXPECT_TRUE(age.starts_with("360")) << "an hour and what the test took: " << age;
  EXPECT_EQ(metric("plumbline_consumer_oldest_message_age_seconds"), "0");
  EXPECT_EQ(metric("plumbline_consumer_lag_records"), "0");
  EXPECT_EQ(metric("plumbline_consumer_lag_seconds"), "0");
}

// COMMIT sent, answer never seen: whether it happened is read from the position row.
TEST_F(LoopTest, DoubtAtCommitIsSettledByThePosition) {
  for (int round = 0; round < 6; ++round) {
    put(0, "r" + std::to_string(round));
    Rows rows;
    auto one = member(rows);
    std::jthread killer;
    bool once = false;
    rows.before_commit = [&] {
      if (std::exchange(once, true)) return;
      killer = std::jthread([&] {
        for (int i = 0; i < 20; ++i) {
          auto cut = super_.query(
              "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'plumbline' "
              "AND datname = current_database()");
          if (!cut) break;
        }
      });
    };
    std::size_t done = 0;
    while (done == 0) {
      auto step = one->step(stop_.get_token());
      if (step) done += *step;
    }
  }
  EXPECT_EQ(values(), "r0 r1 r2 r3 r4 r5");
}

}  // namespace
}  // namespace plumbline::tests
