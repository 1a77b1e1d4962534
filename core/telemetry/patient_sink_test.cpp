// A reader of the log that stops: whoever logs goes on.
#include "core/telemetry/patient_sink.h"

#include <array>
#include <memory>
#include <optional>
#include <sstream>
#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spdlog/logger.h>
#include <unistd.h>

namespace plumbline::telemetry {
namespace {

class PatientSinkTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(::pipe(ends_.data()), 0);
    ASSERT_EQ(::fcntl(ends_[0], F_SETFL, O_NONBLOCK), 0);
    logger_.emplace("test", std::make_shared<PatientSink>(ends_[1]));
    logger_->set_pattern("%v");
  }
  void TearDown() override {
    for (const int end : ends_) ::close(end);
  }
  // All that is there.
  std::string read() {
    std::string all;
    std::array<char, 65536> part{};
    for (ssize_t got; (got = ::read(ends_[0], part.data(), part.size())) > 0;)
      all.append(part.data(), static_cast<std::size_t>(got));
    return all;
  }
  // Logs lines of a size to nobody, then reads, logs once more and reads again: each line came whole, or was
  // counted.
  void stop_reading(std::size_t bytes) {
    constexpr int kLines = 200000;
    const std::string line(bytes, 'x');
    const int lines = static_cast<int>(kLines / bytes);
    for (int i = 0; i < lines; ++i) logger_->info("{}", line);
    const std::string before = read();
    logger_->info("after");
    std::istringstream all(before + read());
    int whole = 0, torn = 0;
    std::string told, last;
    for (std::string one; std::getline(all, one); last = one) {
      if (one == line) {
        ++whole;
      } else if (one.find("log_lines_dropped") != std::string::npos) {
        told = one;
      } else if (one != "after") {
        ++torn;
      }
    }
    EXPECT_GT(whole, 0);
    EXPECT_LT(whole, lines);
    EXPECT_LE(torn, 1);
    EXPECT_EQ(last, "after");
    EXPECT_NE(told.find(R"("lines":)" + std::to_string(lines - whole) + "}"), std::string::npos) << told;
  }

  std::array<int, 2> ends_{};
  std::optional<spdlog::logger> logger_;
};

TEST_F(PatientSinkTest, LinesThatNobodyTakesAreDroppedAndCounted) {
  stop_reading(100);
}

TEST_F(PatientSinkTest, ALineLongerThanAPipeTakesAtOnceMayBeTornAndCounts) {
  stop_reading(10000);
}

TEST_F(PatientSinkTest, NothingIsSaidOfLinesThatWereTaken) {
  logger_->info("one");
  logger_->info(std::string(10000, 'x'));
  logger_->info("two");
  EXPECT_EQ(read(), "one\n" + std::string(10000, 'x') + "\ntwo\n");
}

}  // namespace
}  // namespace plumbline::telemetry
