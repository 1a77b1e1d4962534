#include "core/keys/keyring.h"

#include <condition_variable>
#include <deque>
#include <functional>

#include <gtest/gtest.h>

#include "core/crypto/base64.h"
#include "core/frame.h"

namespace plumbline::keys {
namespace {

const TenantId kTenant{*Uuid::parse("b0c1d2e3-0000-4000-8000-000000000001")};

struct Stored {
  std::int64_t offset;
  std::string key, value;
};

// A topic in memory that can go away and come back.
class FakeLog final : public log::Log {
 public:
  void put(const std::string& key, const std::string& value) {
    const std::lock_guard lock(mutex_);
    records_.push_back({high_++, key, value});
    changed_.notify_all();
  }
  void compact_last() {  // the end of the topic is an offset that nobody can read
    const std::lock_guard lock(mutex_);
    records_.pop_back();
  }
  void set_away(bool away) {
    const std::lock_guard lock(mutex_);
    away_ = away;
    changed_.notify_all();
  }

  Status ensure_topic(const log::TopicSpec&) override { return ok_status(); }
  Result<log::TopicInfo> topic(std::string_view) override { return log::TopicInfo{1, "one"}; }
  Result<std::vector<std::string>> topics() override { return std::vector<std::string>{"keys.v1"}; }
  Result<log::Watermarks> watermarks(const log::TopicPartition&) override {
    const std::lock_guard lock(mutex_);
    if (away_) return retryable("log", "away");
    return log::Watermarks{0, high_};
  }
  Result<std::unique_ptr<log::Producer>> producer(log::AckListener&) override {
    return fatal("fake", "reads only");
  }
  Result<std::unique_ptr<log::Reader>> join_group(std::string_view, std::span<const std::string>,
                                                  log::AssignmentListener&) override {
    return fatal("fake", "no groups");
  }
  Result<std::unique_ptr<log::Reader>> reader(std::span<const log::StartPosition> from) override;
  Status healthy() override { return ok_status(); }

 private:
  friend class FakeReader;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Stored> records_;
  std::int64_t high_ = 0;
  bool away_ = false;
};

class FakeReader final : public log::Reader {
 public:
  explicit FakeReader(FakeLog& owner) : owner_(owner) {}
  Result<std::span<const log::ReadRecord>> poll(std::size_t, std::chrono::milliseconds wait,
                                                std::stop_token stop) override {
    std::unique_lock lock(owner_.mutex_);
    const auto ready = [&] { return owner_.away_ || next() != nullptr; };
    owner_.changed_.wait_for(lock, stop, wait, ready);
    if (owner_.away_) return retryable("log", "away");
    out_.clear();
    if (const Stored* one = next()) {
      held_ = *one;
      next_ = held_.offset + 1;
      out_.push_back({.topic = "keys.v1",
                      .partition = 0,
                      .offset = held_.offset,
                      .timestamp_ms = 0,
                      .key = held_.key,
                      .value = held_.value,
                      .headers = {}});
    }
    return std::span<const log::ReadRecord>(out_);
  }
  Status seek(const log::TopicPartition&, std::int64_t offset) override {
    next_ = offset;
    return ok_status();
  }
  void commit_hint(const log::TopicPartition&, std::int64_t) override {}
  [[nodiscard]] std::vector<log::TopicPartition> assignment() const override { return {{"keys.v1", 0}}; }

 private:
  const Stored* next() const {
    for (const Stored& one : owner_.records_) {
      if (one.offset >= next_) return &one;
    }
    return nullptr;
  }
  FakeLog& owner_;
  std::int64_t next_ = 0;
  Stored held_{};
  std::vector<log::ReadRecord> out_;
};

Result<std::unique_ptr<log::Reader>> FakeLog::reader(std::span<const log::StartPosition>) {
  return std::unique_ptr<log::Reader>(std::make_unique<FakeReader>(*this));
}

class KeyringTest : public testing::Test {
 protected:
  void put_tenant(std::int64_t version) {
    codec::TenantRecord record;
    record.tenant = kTenant;
    record.name = "acme";
    record.version = version;
    log.put(codec::record_key(record), codec::encode(record));
  }
  void put_key(const std::string& id, std::int64_t version = 1) {
    codec::KeyRecord record;
    record.key_id = {id};
    record.tenant = kTenant;
    record.version = version;
    const std::string context = crypto::seal_context(kTenant.value.to_string(), "keys", "secret", id);
    record.sealed = crypto::base64_encode(sealer.seal(Secret("secret"), context));
    log.put(codec::record_key(record), codec::encode(record));
  }
  static bool eventually(const std::function<bool()>& holds) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!holds()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::yield();
    }
    return true;
  }
  bool found(const Keyring& keyring, const std::string& id) {
    return eventually([&] { return keyring.table()->find(id) != nullptr; });
  }

  crypto::Sealer sealer = crypto::Sealer::from_text(crypto::random_master_key()).value();
  telemetry::Metrics metrics;
  FakeLog log;
  KeyringOptions quick{.poll_wait = std::chrono::milliseconds(20),
                       .backoff_max = std::chrono::milliseconds(20),
                       .silence_is_end = std::chrono::milliseconds(200)};
};

TEST_F(KeyringTest, IsReadyOnceTheTopicWasReadToItsEnd) {
  put_tenant(1);
  for (int i = 0; i < 50; ++i) put_key("key_" + std::to_string(i));
  const Keyring keyring(log, sealer, metrics, quick);
  ASSERT_TRUE(eventually([&] { return keyring.ready(); }));
  EXPECT_EQ(keyring.table()->size(), 50u);
}

TEST_F(KeyringTest, AnEmptyTopicIsReadAtOnceAndFollowedFromThenOn) {
  const Keyring keyring(log, sealer, metrics, quick);
  ASSERT_TRUE(eventually([&] { return keyring.ready(); }));
  KeyView view(keyring);
  EXPECT_EQ(view.find("key_1"), nullptr);
  put_tenant(1);
  put_key("key_1");
  ASSERT_TRUE(found(keyring, "key_1"));
  ASSERT_NE(view.find("key_1"), nullptr);
  EXPECT_EQ(view.find("key_1")->tenant->tenant, kTenant);
}

TEST_F(KeyringTest, ServesOnWhileTheLogIsAwayAndGoesOnWhenItIsBack) {
  put_tenant(1);
  put_key("key_1");
  const Keyring keyring(log, sealer, metrics, quick);
  ASSERT_TRUE(found(keyring, "key_1"));
  log.set_away(true);
  telemetry::Counter& failures = metrics.counter("plumbline_keyring_failures_total",
                                                 "Interruptions of reading keys.v1: the log was away");
  ASSERT_TRUE(eventually([&] { return failures.value() > 0; }));
  EXPECT_TRUE(keyring.ready());
  EXPECT_NE(keyring.table()->find("key_1"), nullptr);
  put_key("key_2");
  log.set_away(false);
  EXPECT_TRUE(found(keyring, "key_2"));
}

TEST_F(KeyringTest, IsNotReadyBeforeTheLogIsThere) {
  log.set_away(true);
  put_tenant(1);
  put_key("key_1");
  const Keyring keyring(log, sealer, metrics, quick);
  telemetry::Counter& failures = metrics.counter("plumbline_keyring_failures_total",
                                                 "Interruptions of reading keys.v1: the log was away");
  ASSERT_TRUE(eventually([&] { return failures.value() > 2; }));
  EXPECT_FALSE(keyring.ready());
  log.set_away(false);
  EXPECT_TRUE(eventually([&] { return keyring.ready(); }));
  EXPECT_NE(keyring.table()->find("key_1"), nullptr);
}

TEST_F(KeyringTest, CorruptRecordsAreCountedAndNeverFatal) {
  put_tenant(1);
  log.put("key/broken", "{");
  log.put("nonsense", "x");
  put_key("key_1");
  const Keyring keyring(log, sealer, metrics, quick);
  ASSERT_TRUE(found(keyring, "key_1"));
  telemetry::Counter& unreadable =
      metrics.counter("plumbline_keyring_records_total", "Records of keys.v1 read, by what became of them",
                      {{"outcome", "unreadable"}});
  EXPECT_EQ(unreadable.value(), 2u);
}

TEST_F(KeyringTest, AnEndThatCompactionTookAwayIsNoObstacle) {
  put_tenant(1);
  put_key("key_1");
  put_key("key_2");
  log.compact_last();
  const Keyring keyring(log, sealer, metrics, quick);
  EXPECT_TRUE(eventually([&] { return keyring.ready(); }));
}

}  // namespace
}  // namespace plumbline::keys
