// kill -9 at random of notify processes and of the receivers while drifts come: no drift without a message,
// no unflagged duplicate, and the messages of an incident in order. Seed: PLUMBLINE_SEED (printed); kills:
// PLUMBLINE_KILLS (100).
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <random>

#include <gtest/gtest.h>

#include "core/clock.h"
#include "core/crypto/uuid5.h"
#include "core/frame.h"
#include "core/log/open/open_log.h"
#include "sinks/postgres/notify_routes.h"
#include "sinks/postgres/tenants.h"
#include "tests/support/postgres.h"
#include "tests/support/process/process.h"

namespace plumbline::tests {
namespace {

constexpr int kNotifies = 3;
constexpr int kFakes = 2;
constexpr int kRoutes = 6;
constexpr int kPartitions = 4;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

struct Received {
  int first = 0;    // unflagged
  int resends = 0;  // flagged
  std::size_t at = 0;
};

class NotifyKill : public testing::Test {
 protected:
  NotifyKill() : control_(database_.connect("plumbline_control")), super_(database_.superuser()) {
    config::Config config;
    config.embedded.dir = (folder_.path() / "log").string();
    log_ = require(log::open_log(config, log::Access::kOwner));
    for (const auto name : {frame::kDriftTopic, frame::kDeadTopic}) {
      const Status made = log_->ensure_topic({.name = std::string(name), .partitions = kPartitions});
      if (!made) throw std::runtime_error(made.error().message);
    }
    tenant_ = require(postgres::TenantStore(control_, "test").create("acme", {})).id;
    for (int i = 0; i < kFakes; ++i) ports_.push_back(test::free_port());
    for (int i = 0; i < kRoutes; ++i) {
      postgres::NotifyRoute route;
      route.tenant = tenant_;
      route.id = Uuid::random();
      route.name = "route-" + std::to_string(i);
      route.kind = "webhook";
      route.address = std::to_string(ports_[static_cast<std::size_t>(i % kFakes)]);
      route.lane = route.id.to_string();
      require(postgres::RouteStore(control_, "test").add(route));
    }
  }

  void start(std::uint64_t seed) {
    const std::string log_folder = (folder_.path() / "log").string();
    for (int i = 0; i < kNotifies; ++i) {
      ends_.push_back(std::make_unique<test::Process>(
          test::ProcessOptions{.command = {NOTIFY_END, "notify", database_.conninfo(), log_folder},
                               .environment = {},
                               .output = folder_.path() / ("notify-" + std::to_string(i) + ".txt")}));
    }
    for (const int port : ports_) {
      ends_.push_back(std::make_unique<test::Process>(test::ProcessOptions{
          .command = {NOTIFY_END, "fake", std::to_string(port), file().string(), std::to_string(seed++)},
          .environment = {},
          .output = folder_.path() / ("fake-" + std::to_string(port) + ".txt")}));
    }
    for (const auto& end : ends_) end->start();
  }
  [[nodiscard]] std::filesystem::path file() const { return folder_.path() / "received.txt"; }

  // The next event of an incident: opened, then updates, then resolved.
  void publish(const std::string& incident, int step, bool last) {
    const Uuid of = crypto::uuid5(crypto::kUrlNamespace, incident);
    const Uuid id = crypto::uuid5(of, std::to_string(step));
    const std::string now = format_rfc3339(SystemClock().now()), tenant = tenant_.value.to_string();
    const std::string type = step == 0 ? "drift.opened" : last ? "drift.resolved" : "drift.updated";
    const std::string value = R"({"v":1,"id":")" + id.to_string() + R"(","type":")" + type +
                              R"(","tenant":")" + tenant + R"(","time":")" + now + R"(","recorded_at":")" +
                              now + R"(","notify":true,"severity":"high","repo":")" + incident +
                              R"(","incident_id":")" + of.to_string() + R"(","summary":"x"})";
    const std::string key = tenant + "/" + incident;
    const log::Header headers[] = {{frame::kTenant, tenant}};
    log::Record record;
    record.topic = frame::kDriftTopic;
    record.partition = log::partition_of(key, kPartitions);
    record.key = key;
    record.value = value;
    record.headers = headers;
    record.timestamp_ms = SystemClock().now().value / 1000;
    require(log::append_and_wait(*log_, record));
    if (step % 3 == 1) require(log::append_and_wait(*log_, record));  // published twice
    incidents_[of.to_string()].push_back(id.to_string());
  }
  // Only the test may end them.
  bool all_run() {
    return std::all_of(ends_.begin(), ends_.end(), [](const auto& end) { return end->running(); });
  }
  [[nodiscard]] std::size_t received_lines() const {
    std::ifstream in(file());
    std::size_t count = 0;
    for (std::string line; std::getline(in, line);) ++count;
    return count;
  }
  std::map<std::string, Received> received() const {  // by "route event"
    std::map<std::string, Received> all;
    std::ifstream in(file());
    std::size_t at = 0;
    std::string route, event, how, incident;
    while (in >> route >> event >> how >> incident) {
      const auto [found, fresh] = all.try_emplace(route + " " + event);
      if (fresh) found->second.at = at;
      ++(how == "first" ? found->second.first : found->second.resends);
      ++at;
    }
    return all;
  }
  std::int64_t number(const std::string& sql) { return require(super_.query(sql)).integer(0, 0); }
  std::string logs() const {
    std::string all;
    for (const auto& end : ends_) all += end->output_tail(1500) + "\n";
    return all;
  }

  test::TempFolder folder_{"notify-kill"};
  TestDatabase database_;
  pg::Connection control_;
  pg::Connection super_;
  std::unique_ptr<log::Log> log_;
  TenantId tenant_;
  std::vector<int> ports_;
  std::map<std::string, std::vector<std::string>> incidents_;
  std::vector<std::unique_ptr<test::Process>> ends_;
};

TEST_F(NotifyKill, NoDriftWithoutAMessageAndNoUnflaggedDuplicate) {
  const std::uint64_t seed = from_environment("PLUMBLINE_SEED", std::random_device{}());
  const std::uint64_t kills = from_environment("PLUMBLINE_KILLS", 100);
  std::cout << "PLUMBLINE_SEED=" << seed << " PLUMBLINE_KILLS=" << kills << std::endl;
  std::mt19937_64 random(seed);
  start(seed);
  int steps = 0;
  for (std::uint64_t kill = 0; kill < kills; ++kill) {
    // Each kill meets senders at work: it waits for receipts, never for time.
    const std::size_t enough = received_lines() + 1 + random() % 6;
    for (int i = 0; i < 2; ++i, ++steps) {
      publish("repo-" + std::to_string(steps / 16 * 4 + steps % 4), steps % 16 / 4, steps % 16 / 4 == 3);
    }
    ASSERT_TRUE(
        test::wait_for([&] { return received_lines() >= enough || !all_run(); }, std::chrono::seconds(60)))
        << "nothing is received after kill " << kill << '\n'
        << logs();
    ASSERT_TRUE(all_run()) << "one ended by itself after kill " << kill << '\n' << logs();
    auto& victim = *ends_[random() % ends_.size()];
    victim.kill9();
    victim.start();
  }
  const std::string expected = std::to_string(steps * kRoutes);
  const auto done = [&] {
    return number("SELECT count(*) FROM plumbline.notify_deliveries WHERE state = 'delivered'") ==
           steps * kRoutes;
  };
  EXPECT_TRUE(test::wait_for(done, std::chrono::seconds(120)))
      << number("SELECT count(*) FROM plumbline.notify_deliveries WHERE state = 'delivered'") << " of "
      << expected << '\n'
      << logs();
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.notify_deliveries"), steps * kRoutes);

  int flagged = 0, rows_flagged = 0;
  const auto got = received();
  for (int r = 0; r < kRoutes; ++r) {
    const std::string route = "route-" + std::to_string(r);
    for (const auto& [incident, events] : incidents_) {
      std::size_t before = 0;
      for (const std::string& event : events) {
        const auto found = got.find(route + " " + event);
        ASSERT_NE(found, got.end()) << route << " was never told of " << event;
        EXPECT_LE(found->second.first, 1) << route << " was told twice of " << event << " without a flag";
        EXPECT_GE(found->second.at, before) << route << ": out of order in " << incident;
        before = found->second.at;
        flagged += found->second.resends;
      }
    }
  }
  EXPECT_EQ(got.size(), static_cast<std::size_t>(steps * kRoutes)) << "nothing that was not to be sent";
  rows_flagged = static_cast<int>(number("SELECT count(*) FROM plumbline.notify_deliveries WHERE resend"));
  std::cout << got.size() << " messages, " << flagged << " received flagged, " << rows_flagged
            << " flagged in the table" << std::endl;
}

}  // namespace
}  // namespace plumbline::tests
