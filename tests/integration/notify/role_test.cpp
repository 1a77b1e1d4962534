// The role with its own threads, started and stopped as a server does it.
#include <atomic>
#include <condition_variable>

#include "tests/integration/notify/notify_fixture.h"
#include "tests/support/process/process.h"

namespace plumbline::tests {
namespace {

// Tells when each event arrived. Thread-safe.
class Arrivals {
 public:
  void note(const Uuid& event) {
    const std::lock_guard hold(mutex_);
    at_.emplace_back(event, std::chrono::steady_clock::now());
  }
  [[nodiscard]] std::vector<std::pair<Uuid, std::chrono::steady_clock::time_point>> all() const {
    const std::lock_guard hold(mutex_);
    return at_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::pair<Uuid, std::chrono::steady_clock::time_point>> at_;
};

class NoteChannel final : public channel::Channel {
 public:
  explicit NoteChannel(Arrivals& arrivals) : arrivals_(arrivals) {}
  channel::Outcome send(const channel::Message& message, std::chrono::steady_clock::time_point) override {
    arrivals_.note(message.events.front().id);
    return channel::Delivered{};
  }

 private:
  Arrivals& arrivals_;
};

class NotifyRoleTest : public NotifyTest {
 protected:
  std::unique_ptr<notify::NotifyRole> make(log::Log& log) {
    return std::make_unique<notify::NotifyRole>(
        options_, postgres_, keys_, log, system_clock_, metrics_,
        [this](channel::Kind) { return std::make_unique<NoteChannel>(arrivals_); });
  }
  SystemClock system_clock_;
  Arrivals arrivals_;
};

TEST_F(NotifyRoleTest, EventsLeaveAsTheyComeAndEachOnceThoughTwoProcessesSend) {
  options_.senders = 4;
  options_.poll_wait = 20ms;
  for (int i = 0; i < 4; ++i) add_route("route-" + std::to_string(i));
  auto reads = make(log_);
  ScriptLog nothing(0);  // the second one has no partition, and still sends
  auto helps = make(nothing);
  reads->start();
  helps->start();
  std::map<Uuid, std::chrono::steady_clock::time_point> sent;
  for (int i = 0; i < 50; ++i) {
    auto one = event("event-" + std::to_string(i));
    one.incident = "";
    one.recorded_at = format_rfc3339(system_clock_.now());
    sent[*Uuid::parse(one.id)] = std::chrono::steady_clock::now();
    put(one);
    ASSERT_TRUE(
        test::wait_for([&] { return arrivals_.all().size() >= static_cast<std::size_t>(i * 4 + 4); }));
  }
  EXPECT_TRUE(reads->healthy());
  reads->stop();
  helps->stop();
  const auto all = arrivals_.all();
  EXPECT_EQ(all.size(), 200U);
  std::vector<double> ms;
  for (const auto& [id, at] : all)
    ms.push_back(std::chrono::duration<double, std::milli>(at - sent[id]).count());
  std::sort(ms.begin(), ms.end());
  std::cout << "from the log to the channel: median " << ms[ms.size() / 2] << " ms, P99 "
            << ms[ms.size() * 99 / 100] << " ms" << std::endl;
  EXPECT_EQ(
      number("SELECT count(*) FROM plumbline.notify_deliveries WHERE state = 'delivered' AND attempts = 1"),
      200);
  EXPECT_THAT(metrics_.text(), testing::HasSubstr("plumbline_notify_deliveries_total"));
}

TEST_F(NotifyRoleTest, WithoutAMasterKeyItIsNotHealthyAndSaysWhatToDo) {
  keys_.master_key = Secret();
  const auto role = make(log_);
  const Status well = role->healthy();
  ASSERT_FALSE(well);
  EXPECT_THAT(well.error().message, testing::HasSubstr("master_key"));
}

}  // namespace
}  // namespace plumbline::tests
