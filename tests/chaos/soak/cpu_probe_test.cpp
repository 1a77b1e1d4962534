#include "tests/chaos/soak/cpu_probe.h"

#include <gtest/gtest.h>

namespace plumbline::tests {
namespace {

TEST(CpuProbe, TheMachineIsBusyWithAllButWaiting) {
  EXPECT_DOUBLE_EQ(busy_seconds("cpu  100 20 30 4000 500 6 7 8 9 10\ncpu0 1 2 3\n", 100), 1.71);
}

TEST(CpuProbe, TheRestIsTheOthers) {
  EXPECT_DOUBLE_EQ(others_seconds({100, 10}, {140, 20}, 2), 15);
  EXPECT_DOUBLE_EQ(others_seconds({100, 10}, {101, 20}, 2), 0);  // a child's time that was read later
}

TEST(CpuProbe, WorkOfThisProcessIsNotTheOthers) {
  const CpuTime from = cpu_time();
  CpuTime to = from;
  while (to.ours_s - from.ours_s < 0.2) to = cpu_time();
  EXPECT_GE(to.busy_s, from.busy_s);
}

}  // namespace
}  // namespace plumbline::tests
