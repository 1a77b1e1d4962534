// SIGKILL of the real agent at every call that changes its state folder, one run each: in the middle of every
// write, before every sync, rename, truncation and removal (tests/support/fault_io). After each the agent
// starts as usual, and what it had acknowledged is in PostgreSQL exactly once. Seed: PLUMBLINE_SEED.
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <set>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/clock.h"
#include "tests/support/agent_box.h"

namespace plumbline::tests {
namespace {

namespace fs = std::filesystem;

constexpr int kBoundariesLeast = 40;  // fewer would mean that the library was not loaded
constexpr int kBoundariesMost = 400;
constexpr int kExportSpans = 40;  // enough that they are packed together
constexpr int kLivedEnough =
    3;  // in a row: the calls of one run end here (how often it says its status varies)

// What one run is given: a file with a line that is none, events enough for two segments of a spool of 1 MiB,
// four OTLP exports whose spans are packed. With two of them a quick run had fewer calls than are asked for,
// as it said its status less often.
class Scenario {
 public:
  Scenario(AgentBox& box, std::uint64_t first) : box_(box), next_(first) {
    std::ofstream file(box.folder() / "in" / "events.ndjson");
    for (int i = 0; i < 3; ++i) {
      wanted_.insert(next_);
      file << span_line(next_++) << "\n";
    }
    file << "no event\n";
  }

  // Until it dies or has sent everything; true when it lived.
  bool run() {
    for (const std::size_t bytes : {200, 90'000, 90'000, 200, 200, 200}) {
      if (!box_.process().running()) return false;
      if (box_.post_span(next_, bytes).status == 202) wanted_.insert(next_);
      ++next_;
      if (bytes == 200) export_spans();
    }
    const auto sent = [&] { return box_.drained() && box_.number({"tails", "", "taken"}) == 3; };
    (void)test::wait_for([&] { return !box_.process().running() || sent(); });
    return box_.process().running();
  }
  [[nodiscard]] const std::set<std::uint64_t>& wanted() const { return wanted_; }
  // Span ids, 16 hexadecimal digits, of the exports that were acknowledged.
  [[nodiscard]] const std::set<std::string>& exported() const { return exported_; }
  [[nodiscard]] std::uint64_t next() const { return next_; }

 private:
  void export_spans() {
    std::set<std::string> ids;
    std::string spans;
    const std::int64_t start_ns = SystemClock().now().value * 1000;
    for (int i = 0; i < kExportSpans; ++i) {
      const std::string id = fmt::format("{:016x}", next_++);
      spans += fmt::format(R"({}{{"traceId":"{:032x}","spanId":"{}","name":"packed","kind":1,)"
                           R"("startTimeUnixNano":"{}","endTimeUnixNano":"{}"}})",
                           spans.empty() ? "" : ",", next_, id, start_ns, start_ns + 1000);
      ids.insert(id);
    }
    const AgentAnswer answer = box_.post(
        "/v1/traces", "application/json",
        R"({"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"boundary"}}]},)"
        R"("scopeSpans":[{"spans":[)" +
            spans + "]}]}]}");
    if (answer.status == 200) exported_.merge(ids);
  }

  AgentBox& box_;
  std::uint64_t next_;
  std::set<std::uint64_t> wanted_;
  std::set<std::string> exported_;
};

// Span ids of `wanted` that PostgreSQL does not have exactly once.
std::set<std::string> not_exported_once(const Stack& stack, const std::set<std::string>& wanted) {
  const std::string stored = stack.value(
      "SELECT coalesce(string_agg(span_id, ' '), '') FROM (SELECT span_id FROM plumbline.spans WHERE name = "
      "'packed' GROUP BY 1 HAVING count(*) = 1) AS once");
  std::istringstream words(stored);
  const std::set<std::string> once{std::istream_iterator<std::string>(words), {}};
  std::set<std::string> missing;
  std::set_difference(wanted.begin(), wanted.end(), once.begin(), once.end(),
                      std::inserter(missing, missing.end()));
  return missing;
}

// How much of a write is done: nothing, or a part by chance.
class AgentBoundary : public testing::TestWithParam<bool> {};

TEST_P(AgentBoundary, KilledAtEveryWriteItLosesNothingAndStoresNothingTwice) {
  const char* given = std::getenv("PLUMBLINE_SEED");
  const unsigned seed =
      given == nullptr ? std::random_device{}() : static_cast<unsigned>(std::strtoul(given, nullptr, 10));
  std::cout << "PLUMBLINE_SEED=" << seed << std::endl;
  std::mt19937 random(seed);
  Stack stack(Backend::kEmbedded);
  stack.start_roles();
  const Tenant tenant = stack.create_tenant("acme");
  ASSERT_TRUE(test::wait_for([&] { return accepts(stack, tenant); })) << stack.logs();
  std::set<std::uint64_t> wanted;
  std::set<std::string> exported;
  std::uint64_t next = 1;
  int kills = 0, lived_in_a_row = 0;
  for (int at = 1; at < kBoundariesMost && lived_in_a_row < kLivedEnough; ++at) {
    AgentBox box(
        "boundary", tenant, stack.edge_port(),
        "[[tail]]\npath = \"in/events.ndjson\"\nformat = \"ndjson\"\n[spool]\nbytes_max = \"1MiB\"\n");
    fs::create_directories(box.state());
    Scenario scenario(box, next);
    box.start({{"LD_PRELOAD", fault_io()},
               {"FAULT_IO_FOLDER", box.state().string()},
               {"FAULT_IO_KILL_AT", std::to_string(at)},
               {"FAULT_IO_TORN", std::to_string(GetParam() ? 1 + random() % 100 : 0)}});
    const bool lived = box.listens() && scenario.run();
    next = scenario.next();
    lived_in_a_row = lived ? lived_in_a_row + 1 : 0;
    if (lived) {
      // Stopping writes too, so the kill may come then.
      box.process().signal(SIGTERM);
      ASSERT_TRUE(test::wait_for([&] { return !box.process().running(); })) << box.process().output_tail();
    } else {
      ++kills;
    }
    ASSERT_FALSE(box.process().running());
    box.start();
    ASSERT_TRUE(box.listens()) << "call " << at << ": it does not start again\n"
                               << box.process().output_tail();
    ASSERT_TRUE(test::wait_for([&] {
      return box.drained() && box.number({"tails", "", "behind_bytes"}) == 0;
    })) << "call "
        << at << "\n"
        << box.plumb("agent status").second;
    EXPECT_EQ(box.number({"spool", "damaged_bytes"}), 0) << "call " << at;
    // Whether the count reached the disk before the kill or not, the line is named.
    EXPECT_GE(box.number({"rejected"}), 1) << "call " << at;
    wanted.insert(scenario.wanted().begin(), scenario.wanted().end());
    exported.insert(scenario.exported().begin(), scenario.exported().end());
  }
  std::cout << kills << " kills, " << wanted.size() << " events and " << exported.size()
            << " exported spans acknowledged" << std::endl;
  EXPECT_GE(kills, kBoundariesLeast);
  ASSERT_TRUE(test::wait_for([&] { return not_stored_once(stack, wanted).empty(); }))
      << not_stored_once(stack, wanted).size() << " are not stored once, first "
      << *not_stored_once(stack, wanted).begin() << "\n"
      << stack.logs();
  ASSERT_FALSE(exported.empty());
  ASSERT_TRUE(test::wait_for([&] { return not_exported_once(stack, exported).empty(); }))
      << not_exported_once(stack, exported).size() << " exported spans are not stored once, first "
      << *not_exported_once(stack, exported).begin() << "\n"
      << stack.logs();
  EXPECT_EQ(stack.value("SELECT count(*) - count(DISTINCT id) FROM plumbline.traces"), "0");
  EXPECT_EQ(stack.value("SELECT coalesce(sum(conflict), 0) FROM plumbline.ledger_balance"), "0");
}

INSTANTIATE_TEST_SUITE_P(Write, AgentBoundary, testing::Bool(),
                         [](const auto& torn) { return torn.param ? "Torn" : "NotBegun"; });

}  // namespace
}  // namespace plumbline::tests
