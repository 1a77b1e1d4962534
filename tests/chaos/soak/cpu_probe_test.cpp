#include "tests/chaos/soak/cpu_probe.h"

#include <istream>
#include <stdexcept>
#include <streambuf>

#include <gtest/gtest.h>

namespace plumbline::tests {
namespace {

TEST(CpuProbe, TheMachineIsBusyWithAllButWaiting) {
  EXPECT_DOUBLE_EQ(busy_seconds("cpu  100 20 30 4000 500 6 7 8 9 10\ncpu0 1 2 3\n", 100), 1.71);
}

TEST(CpuProbe, AProcessIsReadBehindItsNameWhateverThatIs) {
  const ProcessTime process =
      process_time("77 (a ) 9 (b) S 42 1 2 3 4 5 6 7 8 9 100 50 25 5 20 0 1 0 999", 100);
  EXPECT_EQ(process.parent, 42);
  EXPECT_DOUBLE_EQ(process.cpu_s, 1.8);
  EXPECT_EQ(process_time("", 100).parent, 0);  // it ended meanwhile
}

// What libstdc++ does where read(2) answers ESRCH.
class EndedProcess : public std::streambuf {
  int_type underflow() override { throw std::runtime_error("No such process"); }
};

TEST(CpuProbe, AProcessThatEndsWhileItIsReadIsNoError) {
  EndedProcess ended;
  std::istream in(&ended);
  EXPECT_EQ(text_of(in), "");
}

TEST(CpuProbe, WhatAProcessStartedIsItsOwnAtEveryDepth) {
  const std::map<pid_t, ProcessTime> all = {{1, {0, 100}}, {10, {1, 1}}, {11, {10, 2}},
                                            {12, {11, 4}}, {13, {1, 8}}, {14, {99, 16}}};
  EXPECT_DOUBLE_EQ(tree_seconds(all, 10), 7);
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
