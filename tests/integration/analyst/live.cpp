#include "tests/integration/analyst/live.h"

#include <chrono>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "core/time.h"

namespace plumbline::tests {
namespace {

// Of the newest report of tests/data/real: 2026-11-10T09:05:00Z.
constexpr std::int64_t kNewestS = 1794301500;

constexpr const char* kAnalyst = "live-analyst";

std::string shift() {
  const auto now =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch());
  return std::to_string(now.count() - 60 - kNewestS);
}

}  // namespace

std::string read_file(const std::string& path) {
  std::ifstream file(std::string(PLUMBLINE_SOURCE_DIR) + "/" + path);
  if (!file) throw std::runtime_error("no file " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

Live& Live::shared() {
  static Live live;
  return live;
}

Live::Live()
    : up_({{std::string(PLUMBLINE_BINARY_DIR) + "/bin/plumbline", "up", "--config", stack_.config_path()},
           {},
           stack_.folder() / "up.log"}) {
  up_.start();
  if (!test::wait_for([this] { return stack_.edge_ready(); }))
    throw std::runtime_error("plumbline up is not ready\n" + logs());
  tenant_ = stack_.create_tenant("acme");
  (void)stack_.create_tenant("other");
  stack_.plumbline(std::string("analyst add ") + kAnalyst + " --tenant acme");
  push();
}

Live::~Live() {
  try {
    stack_.plumbline(std::string("analyst rm ") + kAnalyst);
  } catch (const std::runtime_error&) {  // goes with the cluster
  }
  up_.terminate();
}

void Live::push() {
  const std::string data = std::string(PLUMBLINE_SOURCE_DIR) + "/tests/data/real/";
  const std::string moved = "push --time-shift-s " + shift() + " --agent ";
  std::string said;
  const auto send = [&](const std::string& agent, const std::string& file) {
    const auto [status, output] = stack_.plumb(tenant_, moved + agent + " " + data + file);
    said = output;
    return status == 0;
  };
  // The first waits until the edge knows the key.
  if (!test::wait_for([&] { return send("ci", "rigour-reports.ndjson"); }))
    throw std::runtime_error("push: " + said + "\n" + logs());
  for (const std::string agent : {"agent-0", "agent-1", "agent-2"}) {
    if (!send(agent, agent + ".jsonl")) throw std::runtime_error("push: " + said);
  }
  if (!becomes("SELECT (SELECT count(*) FROM plumbline.reports) + (SELECT count(*) FROM plumbline.traces)",
               "391"))
    throw std::runtime_error("not everything is stored\n" + logs());
  count_health();
}

// Where no health role runs, its tables are built from what is stored, as after the loss of them.
void Live::count_health() {
  if (stack_.value("SELECT count(*) FROM plumbline.positions WHERE consumer = 'health'") == "0") {
    auto super = stack_.database().superuser();
    (void)require(
        super.query("INSERT INTO plumbline.positions (consumer, topic, partition, incarnation, next_offset, "
                    "counted_offset, epoch, "
                    "received_at) SELECT 'health', topic, partition, incarnation, next_offset, "
                    "counted_offset, 0, received_at FROM "
                    "plumbline.positions WHERE consumer = 'persist' AND topic IN ('traces.v1', 'reports.v1') "
                    "ON CONFLICT DO NOTHING"));
    stack_.plumbline("replay health --from 2001-01-01");
  }
  if (!becomes("SELECT (SELECT sum(runs) FROM plumbline.health_repo_hours) + (SELECT sum(decisions) FROM "
               "plumbline.health_agent_hours)",
               "391"))
    throw std::runtime_error("health has not counted everything\n" + logs());
}

bool Live::becomes(const std::string& sql, const std::string& value) {
  return test::wait_for([&] { return stack_.value(sql) == value; });
}

pg::Connection Live::analyst() {
  return require(
      pg::Connection::connect({.conninfo = stack_.postgres().conninfo(stack_.database().name(), kAnalyst)}));
}

std::string Live::metrics() const {
  std::string body;
  if (http_get(stack_.edge_port(), "/metrics", &body) != 200) throw std::runtime_error("no /metrics");
  return body;
}

}  // namespace plumbline::tests
