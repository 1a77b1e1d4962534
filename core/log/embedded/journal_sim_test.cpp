// Property: whatever the disk does, what was acked is there after recovery, in order and byte for byte; what
// was refused is not; nothing else appears; appends go on. One seed is one life of a topic on a SimFiles
// disk. PLUMBLINE_SEED=n runs one seed, PLUMBLINE_SEEDS=n that many.
#include <cstdlib>
#include <iostream>
#include <map>

#include <gtest/gtest.h>

#include "core/log/embedded/journal.h"
#include "core/log/embedded/reader.h"
#include "core/log/embedded/sim_files.h"

namespace plumbline::log::embedded {
namespace {

constexpr std::int32_t kPartitions = 3;
constexpr std::int64_t kAge = 3000;
constexpr std::int64_t kBytes = 12 << 10;  // of a partition
enum class Kind : std::uint64_t { kPlain, kBySize, kByAge, kCompacted };

struct OneView final : Views {
  explicit OneView(std::shared_ptr<TopicView> v) : view(std::move(v)) {}
  Result<std::shared_ptr<TopicView>> find(std::string_view) override { return view; }
  std::uint64_t generation() override { return 0; }
  void wait(std::span<const TopicView* const>, std::uint64_t, std::chrono::steady_clock::time_point,
            const std::stop_token&) override {}
  std::shared_ptr<TopicView> view;
};

struct Written {
  std::string key, value;
  std::int64_t timestamp_ms = 0;
};

// What one partition may hold.
struct Model {
  std::map<std::int64_t, Written> sure;               // acked, or seen by a reader: must stay
  std::map<std::int64_t, std::vector<Written>> open;  // unconfirmed, until the next recovery
};

class Life {
 public:
  explicit Life(std::uint64_t seed)
      : random_(seed), disk_(seed * 7919 + 1), kind_(static_cast<Kind>(seed % 4)) {
    meta_.spec.name = "t";
    meta_.spec.partitions = kPartitions;
    meta_.spec.compacted = kind_ == Kind::kCompacted;
    if (kind_ == Kind::kBySize) meta_.spec.retention_bytes = kBytes;
    if (kind_ == Kind::kByAge) meta_.spec.retention = std::chrono::milliseconds(kAge);
    meta_.incarnation.bytes[0] = 7;
    options_.segment_bytes = 48 << 10;
    options_.zero_chunk_bytes = 8 << 10;
    options_.compact_bytes_min = 8 << 10;
    options_.tombstone_keep_ms = 500;
    options_.salt_seed = static_cast<std::uint32_t>(seed);
  }

  void run() {
    set_faults();
    reopen();
    for (int step = 0; step < 80 && !testing::Test::HasFailure(); ++step) {
      now_ += static_cast<std::int64_t>(below(300));
      const std::uint64_t what = below(20);
      if (what < 12) append();
      if (what == 12 || what == 13) upkeep();
      if (what == 14) disk_.space();
      if (what == 15) set_faults();
      if (what == 16) power_cut();
      if (what == 17) reopen();  // the process dies, the machine lives
      if (what == 18) check();
      if (testing::Test::HasFailure()) return;
      if (journal_->failed() && below(4) == 0) below(2) == 0 ? power_cut() : reopen();
    }
    disk_.faults = {};
    power_cut();
    for (int i = 0; i < 3 && !testing::Test::HasFailure(); ++i) append();
    if (!testing::Test::HasFailure()) power_cut();
  }
  int acked = 0;

 private:
  std::uint64_t below(std::uint64_t n) { return random_() % n; }
  void set_faults() {
    constexpr double kSync[] = {0, 0, 0.01, 0.08};
    constexpr double kSpace[] = {0, 0, 0.01, 0.05};
    disk_.faults = {kSync[below(4)], kSpace[below(4)]};
  }

  void power_cut() {
    journal_.reset();
    disk_.power_cut();
    reopen();
  }

  // Recovers as an owner does at its start; faults may make it fail, but never call the log damaged.
  void reopen() {
    journal_.reset();
    disk_.space();
    for (int tries = 0; !journal_; ++tries) {
      failed_before_ = disk_.failed_syncs;
      auto opened = Journal::recover(disk_, "t", options_);
      if (!opened && opened.error().code == "not_found") {
        ASSERT_EQ(acked, 0) << "the topic is gone";
        opened = Journal::create(disk_, meta_, options_);
      }
      if (opened) {
        journal_ = std::move(*opened);
        break;
      }
      ASSERT_NE(opened.error().code, "log_corrupt") << opened.error().message;
      if (below(2) == 0) disk_.power_cut();
      disk_.space();
      if (tries > 2) disk_.faults = {};
      ASSERT_LT(tries, 10) << opened.error().message;
    }
    check();
    for (Model& m : models_) m.open.clear();  // what recovery has not, never comes back
  }

  Written fresh() {
    Written w;
    const std::uint64_t size = below(10) == 0 ? below(9000) : below(1500);
    w.key = "k" + std::to_string(below(5));
    w.value = std::to_string(++written_) + ":";
    while (w.value.size() < size) w.value.push_back(static_cast<char>(random_() >> 56));
    if (kind_ == Kind::kCompacted && below(8) == 0) w.value.clear();
    w.timestamp_ms = now_;
    return w;
  }

  void append() {
    std::vector<std::vector<char>> bytes(1 + below(4));
    std::vector<Written> records;
    std::vector<Pending> pending;
    for (auto& b : bytes) {
      records.push_back(fresh());
      const auto p = static_cast<std::int32_t>(below(kPartitions));
      append_record(b, {"t", p, records.back().key, records.back().value, {}, records.back().timestamp_ms});
      pending.push_back({b.data(), static_cast<std::uint32_t>(b.size()), p, -1});
    }
    Status done = journal_->append(pending);
    const bool appended = done.ok();
    if (appended && below(4) == 0) upkeep();  // its thread comes in between
    if (appended) done = journal_->sync();
    const bool lost_sync = disk_.failed_syncs != failed_before_;
    ASSERT_FALSE(done.ok() && lost_sync) << "acked after a failed sync";
    EXPECT_TRUE(journal_->failed() || !lost_sync);
    const bool refused = !appended && (done.error().code == "no_space" || done.error().code == "log_failed");
    if (refused) return;  // none of them may ever be read: no model holds them
    for (std::size_t i = 0; i < records.size(); ++i) {
      Model& m = models_[static_cast<std::size_t>(pending[i].partition)];
      if (!done.ok()) {
        m.open[pending[i].offset].push_back(records[i]);
      } else {
        ++acked;
        ASSERT_TRUE(m.sure.empty() || m.sure.rbegin()->first + 1 == pending[i].offset)
            << "a gap or an offset given twice";
        m.sure[pending[i].offset] = records[i];
      }
    }
  }

  void upkeep() {
    const Status ahead = below(2) == 0 ? journal_->prepare_ahead() : journal_->keep(now_);
    if (!ahead) {
      EXPECT_NE(ahead.error().code, "log_corrupt") << ahead.error().message;
    }
    EXPECT_TRUE(journal_->failed() || disk_.failed_syncs == failed_before_)
        << "upkeep lost a sync and goes on";
  }

  void check() {
    JournalReader reader(std::make_shared<OneView>(journal_->view()));
    std::size_t held = 0;
    std::vector<std::int64_t> next(kPartitions);
    for (std::int32_t p = 0; p < kPartitions; ++p) {
      ASSERT_TRUE(reader.add({{"t", p}, std::nullopt, ""}).ok());
      next[static_cast<std::size_t>(p)] = journal_->view()->watermarks(p).low;
    }
    auto all = reader.poll(std::size_t{1} << 30, std::chrono::milliseconds(0), {});
    ASSERT_TRUE(all.ok()) << all.error().message;
    std::map<std::pair<std::int32_t, std::string>, std::int64_t> newest;
    for (const ReadRecord& r : *all) {
      auto& n = next[static_cast<std::size_t>(r.partition)];
      if (kind_ == Kind::kCompacted) {
        ASSERT_GE(r.offset, n);
      } else {
        ASSERT_EQ(r.offset, n) << "a gap";
      }
      n = r.offset + 1;
      newest[{r.partition, std::string(r.key)}] = r.offset;
      held += record_bytes({"", 0, r.key, r.value, {}, 0}) + kGroupHeaderBytes;
      settle(r);
    }
    for (std::int32_t p = 0; p < kPartitions; ++p) check_kept(p, next[static_cast<std::size_t>(p)], newest);
    if (kind_ == Kind::kBySize && journal_->view()->segments().front()->header.number > 1) {
      EXPECT_GE(held, static_cast<std::size_t>(kBytes * kPartitions))
          << "more was deleted than the bound allows";
    }
  }

  // A record that was read: it is one that was written, and from now on it must stay.
  void settle(const ReadRecord& r) {
    Model& m = models_[static_cast<std::size_t>(r.partition)];
    const auto same = [&r](const Written& w) {
      return w.key == r.key && w.value == r.value && w.timestamp_ms == r.timestamp_ms;
    };
    const auto sure = m.sure.find(r.offset);
    if (sure != m.sure.end()) {
      ASSERT_TRUE(same(sure->second)) << "other bytes at " << r.partition << "/" << r.offset;
      return;
    }
    const auto open = m.open.find(r.offset);
    ASSERT_TRUE(open != m.open.end())
        << "nobody wrote " << r.partition << "/" << r.offset << ", or it was refused";
    const auto found = std::find_if(open->second.begin(), open->second.end(), same);
    ASSERT_TRUE(found != open->second.end()) << "garbage at " << r.partition << "/" << r.offset;
    m.sure[r.offset] = *found;
  }

  void check_kept(std::int32_t p, std::int64_t seen,
                  const std::map<std::pair<std::int32_t, std::string>, std::int64_t>& newest) {
    const Watermarks marks = journal_->view()->watermarks(p);
    const Model& m = models_[static_cast<std::size_t>(p)];
    const std::int64_t end = m.sure.empty() ? 0 : m.sure.rbegin()->first + 1;
    EXPECT_EQ(marks.high, end) << "acked records are gone, or offsets went elsewhere";
    if (kind_ != Kind::kCompacted) {
      EXPECT_EQ(seen, marks.high);
      EXPECT_TRUE(kind_ != Kind::kPlain || marks.low == 0);
      for (const auto& [offset, w] : m.sure) {
        if (offset >= marks.low) break;
        EXPECT_TRUE(kind_ != Kind::kByAge || w.timestamp_ms < now_ - kAge) << "deleted too early";
      }
      return;
    }
    std::map<std::string, std::int64_t> want;
    for (const auto& [offset, w] : m.sure) want[w.key] = offset;
    for (const auto& [key, offset] : want) {
      const auto got = newest.find({p, key});
      const Written& w = m.sure.at(offset);
      const bool may_be_gone = w.value.empty() && w.timestamp_ms < now_ - options_.tombstone_keep_ms;
      if (got == newest.end()) {
        EXPECT_TRUE(may_be_gone) << "key " << key << " is gone";
      } else {
        EXPECT_EQ(got->second, offset) << "key " << key << " has an older value";
      }
    }
  }

  std::mt19937_64 random_;
  SimFiles disk_;
  Kind kind_;
  TopicMeta meta_;
  JournalOptions options_;
  std::unique_ptr<Journal> journal_;
  std::vector<Model> models_ = std::vector<Model>(kPartitions);
  std::int64_t now_ = 1'000'000;
  std::uint64_t written_ = 0;
  int failed_before_ = 0;
};

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST(JournalSim, NothingAckedIsLostAndNothingElseAppears) {
  const std::uint64_t one = setting("PLUMBLINE_SEED", 0);
  const std::uint64_t first = one != 0 ? one : 1;
  const std::uint64_t last = one != 0 ? one : setting("PLUMBLINE_SEEDS", 600);
  int acked = 0;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    SCOPED_TRACE("PLUMBLINE_SEED=" + std::to_string(seed));
    Life life(seed);
    life.run();
    acked += life.acked;
    if (HasFailure()) break;
  }
  std::cout << "seeds " << first << " to " << last << ", " << acked << " records acked\n";
  if (one == 0) {
    EXPECT_GT(acked, static_cast<int>(last) * 20) << "the simulation hardly wrote";
  }
}

}  // namespace
}  // namespace plumbline::log::embedded
