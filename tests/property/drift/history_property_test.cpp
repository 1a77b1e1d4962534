// The history of a branch is a function of its set of reports: any order, any split into batches, copies and
// crashed batches end in the tables of the sorted input. Seeded; the seed is printed.
#include <algorithm>
#include <cstdlib>
#include <random>

#include <gtest/gtest.h>

#include "consumers/drift/event.h"
#include "consumers/drift/state_json.h"
#include "consumers/drift/timeline.h"

namespace plumbline::drift {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kMinuteUs = 60LL * 1000000;
const Stream kStream = make_stream({Uuid{{1}}}, "rxjs", "main");
constexpr std::chrono::microseconds kFlap = 1h;

std::uint64_t seed() {
  const char* given = std::getenv("PLUMBLINE_SEED");
  const std::uint64_t made = given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::printf("PLUMBLINE_SEED=%llu\n", static_cast<unsigned long long>(made));
  return made;
}

// What the database would hold; loading and saving go through the JSON of the tables.
class Tables {
 public:
  struct Row {
    Report report;
    std::optional<std::string> kept;
    bool operator==(const Row& other) const { return report.key == other.report.key && kept == other.kept; }
  };

  void take(const std::vector<Report>& batch, const Receipt& receipt) {
    std::vector<Report> mine;
    for (const Report& report : batch) {
      if (!rows.contains(report.key)) mine.push_back(report);
    }
    if (mine.empty()) return;
    const auto first = std::min_element(mine.begin(), mine.end(),
                                        [](const Report& a, const Report& b) { return a.key < b.key; });
    Timeline timeline(kStream, kFlap, begin_at(first->key), announced);
    for (const Report& report : mine) {
      (void)timeline.take(report, receipt);
      EXPECT_TRUE(!timeline.announced() || timeline.state().drift) << "told of a drift that is over";
    }
    save(timeline);
  }

  std::map<ReportKey, Row> rows;
  std::map<Uuid, Drift> drifts;
  std::map<Uuid, ReportKey> events;  // in force
  std::string tail_state = to_json(State{});
  std::optional<Announced> announced;
  std::vector<Event> published;

 private:
  Begin begin_at(const ReportKey& first) const {
    Begin begin;
    if (rows.empty() || first > rows.rbegin()->first) {
      if (!rows.empty()) begin.after = rows.rbegin()->first;
      begin.state = *state_from(tail_state);
      return begin;
    }
    auto from = rows.lower_bound(first);
    while (from != rows.begin()) {
      const auto before = std::prev(from);
      if (before->second.kept) {
        begin.after = before->first;
        begin.state = *state_from(*before->second.kept);
        break;
      }
      from = before;
    }
    for (; from != rows.end(); ++from) {
      Entry entry{from->second.report, std::nullopt, true, false};
      entry.report.layer = *violations_from(to_json(from->second.report.layer));
      if (from->second.kept) entry.kept = *state_from(*from->second.kept);
      begin.entries.push_back(std::move(entry));
    }
    for (const auto& [id, key] : events) {
      if (!begin.after || key > *begin.after) begin.events.emplace(id, key);
    }
    return begin;
  }

  void save(const Timeline& timeline) {
    for (const Entry& entry : timeline.entries()) {
      if (entry.stored && !entry.changed) continue;
      rows[entry.report.key] = {entry.report,
                                entry.kept ? std::optional(to_json(*entry.kept)) : std::nullopt};
    }
    const auto now = timeline.drifts();
    if (timeline.rewritten()) {
      std::erase_if(drifts, [&](const auto& drift) {
        return (!timeline.after() || drift.second.opened.key > *timeline.after()) &&
               !now.contains(drift.first);
      });
    }
    for (const auto& [id, drift] : now) drifts[id] = drift;
    for (const Event& event : timeline.events()) {
      if (!event.correction && !timeline.withdrawn().contains(event.id)) {
        events[event.id] = event.what.report.key;
      }
      published.push_back(event);
    }
    for (const Uuid& id : timeline.withdrawn()) events.erase(id);
    tail_state = to_json(timeline.state());
    announced = timeline.announced();
  }
};

class HistoryProperty : public testing::Test {
 protected:
  std::size_t below(std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_);
  }

  Report report(int number, std::size_t moments) {
    Report made;
    made.key.time = {static_cast<std::int64_t>(below(moments)) * 20 * kMinuteUs};
    made.key.id.bytes[14] = static_cast<std::uint8_t>(number >> 8);
    made.key.id.bytes[15] = static_cast<std::uint8_t>(number);
    made.passed = below(2) == 0;
    made.version = std::to_string(number);
    const std::size_t violations = made.passed ? below(8) / 7 : below(3);
    for (std::size_t i = 0; i < violations; ++i) {
      Violation violation{"ARCH_BOUNDARY", "Layer \"x\"", below(2) == 0 ? "high" : "low", {}};
      for (std::size_t files = below(3); files > 0; --files) {
        violation.files.push_back("src/" + std::to_string(below(4)) + ".ts");
      }
      made.layer.push_back(std::move(violation));
    }
    made.layer_total = static_cast<std::int32_t>(violations);
    return made;
  }

  void feed(Tables& tables, const std::vector<Report>& reports) {
    for (std::size_t at = 0; at < reports.size();) {
      const std::size_t size = std::min(reports.size() - at, 1 + below(12));
      const std::vector<Report> batch(reports.begin() + static_cast<std::ptrdiff_t>(at),
                                      reports.begin() + static_cast<std::ptrdiff_t>(at + size));
      if (below(5) == 0) {
        Tables crashed = tables;
        crashed.take(batch, {});
      }
      tables.take(batch, {});
      at += size;
    }
  }

  static void expect_same(const Tables& sorted, const Tables& shuffled) {
    EXPECT_EQ(sorted.rows, shuffled.rows);
    EXPECT_EQ(sorted.drifts, shuffled.drifts);
    EXPECT_EQ(sorted.events, shuffled.events);
    EXPECT_EQ(sorted.tail_state, shuffled.tail_state);
  }

  static void expect_told_consistently(const Tables& tables) {
    std::optional<Uuid> open;
    for (const Event& event : tables.published) {
      if (!event.notify || !event.told) continue;
      if (event.what.type == Type::kResolved) {
        EXPECT_EQ(open, event.told->drift) << "an end that nobody was told the beginning of";
        open.reset();
      } else {
        EXPECT_TRUE(!open || *open == event.told->drift) << "two open at once";
        open = event.told->drift;
      }
    }
    EXPECT_EQ(open.has_value(), tables.announced.has_value());
  }

  std::mt19937_64 random_{seed()};
};

TEST_F(HistoryProperty, OrderSplitsCopiesAndCrashesEndInTheTablesOfTheSortedInput) {
  for (int round = 0; round < 400 && !HasFailure(); ++round) {
    std::vector<Report> reports;
    const std::size_t count = 1 + below(60), moments = 1 + below(80);
    for (std::size_t i = 0; i < count; ++i) reports.push_back(report(static_cast<int>(i), moments));
    std::vector<Report> arrival = reports;
    for (std::size_t copies = below(20); copies > 0; --copies) arrival.push_back(reports[below(count)]);
    if (below(3) == 0) {  // nearly in order, as it mostly is
      std::sort(arrival.begin(), arrival.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
      for (int swaps = 0; swaps < 4; ++swaps)
        std::swap(arrival[below(arrival.size())], arrival[below(arrival.size())]);
    } else {
      std::shuffle(arrival.begin(), arrival.end(), random_);
    }
    std::sort(reports.begin(), reports.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
    Tables sorted, shuffled;
    feed(sorted, reports);
    feed(shuffled, arrival);
    SCOPED_TRACE("round " + std::to_string(round));
    expect_same(sorted, shuffled);
    expect_told_consistently(sorted);
    expect_told_consistently(shuffled);

    // Reading everything again publishes nothing.
    const std::size_t before = shuffled.published.size();
    feed(shuffled, arrival);
    EXPECT_EQ(shuffled.published.size(), before);
    expect_same(sorted, shuffled);
  }
}

TEST_F(HistoryProperty, ALateReportRaisesNoAlarm) {
  for (int round = 0; round < 300 && !HasFailure(); ++round) {
    Tables tables;
    for (int i = 0; i < 40; ++i) {
      const Report next = report(i, 200);
      const bool late = !tables.rows.empty() && next.key < tables.rows.rbegin()->first;
      const std::size_t before = tables.published.size();
      tables.take({next}, {});
      for (std::size_t e = before; e < tables.published.size(); ++e) {
        const Event& event = tables.published[e];
        EXPECT_EQ(event.late, late);
        EXPECT_TRUE(!late || !event.notify || event.what.type == Type::kResolved);
      }
    }
  }
}

TEST_F(HistoryProperty, LongHistoriesKeepStatesToStartFrom) {
  std::vector<Report> reports;
  for (int i = 0; i < 2000; ++i) {
    reports.push_back(report(i, 100000));
    if (i % 500 != 0) reports.back().passed = true;
  }
  std::vector<Report> arrival = reports;
  std::shuffle(arrival.begin(), arrival.end(), random_);
  std::sort(reports.begin(), reports.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  Tables sorted, shuffled;
  feed(sorted, reports);
  feed(shuffled, arrival);
  expect_same(sorted, shuffled);
  int since = 0;
  for (const auto& [key, row] : sorted.rows) {
    since = row.kept ? 0 : since + 1;
    ASSERT_LT(since, kCheckpointEvery);
  }
}

}  // namespace
}  // namespace plumbline::drift
