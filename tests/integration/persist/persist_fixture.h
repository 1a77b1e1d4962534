// persist driven turn by turn over a scripted log and a real PostgreSQL.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "consumers/persist/run.h"
#include "tests/integration/persist/frames.h"
#include "tests/integration/persist/script_log.h"
#include "tests/integration/persist/tables.h"
#include "tests/support/postgres.h"

namespace plumbline::tests {

using namespace std::chrono_literals;

class PersistTest : public testing::Test {
 protected:
  PersistTest() : super_(database_.superuser()) {
    options_.poll_wait = 0ms;
    options_.backoff_max = 50ms;
    postgres_.url = database_.conninfo();
  }
  std::unique_ptr<persist::PersistRole> role() {
    return std::make_unique<persist::PersistRole>(options_, postgres_, log_, clock_, metrics_);
  }
  // Until nothing comes any more.
  void drain(persist::PersistRole& role) {
    while (require(role.step()) > 0) {
    }
  }
  void drain() {
    auto one = role();
    drain(*one);
  }
  std::int64_t put(const FrameOptions& frame, const std::vector<std::string>& lines,
                   std::int32_t partition = 0) {
    return log_.put(frame.topic, partition, frame_of(frame, lines));
  }
  // The frames of one push of all real input.
  void push_real(int run) {
    FrameOptions frame;
    frame.run = uuid_of(run);
    for (const std::string agent : {"agent-0", "agent-1", "agent-2"}) {
      std::vector<std::string> events;
      for (const std::string& entry : lines_of(agent + ".jsonl"))
        events.push_back(decision_event(agent, entry));
      frame.stream = agent;
      put(frame, events);
      ++frame.seq;
    }
    frame.topic = "reports.v1";
    frame.seq = 0;
    for (const std::string& line : lines_of("rigour-reports.ndjson")) {
      put(frame, {report_event(line)});
      ++frame.seq;
    }
  }
  std::int64_t number(const std::string& sql) { return require(super_.query(sql)).integer(0, 0); }
  std::string text(const std::string& sql) { return std::string(require(super_.query(sql)).text(0, 0)); }
  // stored, duplicate, conflict, dead
  std::string ledger() {
    return text(
        "SELECT concat_ws(' ', sum(stored), sum(duplicate), sum(conflict), sum(dead)) FROM plumbline.ledger");
  }

  TestDatabase database_;
  pg::Connection super_;
  ScriptLog log_;
  SystemClock clock_;
  telemetry::Metrics metrics_;
  config::Persist options_;
  config::Postgres postgres_;
  std::vector<std::string> entries_ = lines_of("agent-0.jsonl");
};

}  // namespace plumbline::tests
