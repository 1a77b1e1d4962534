// notify driven turn by turn over a scripted log, a real PostgreSQL, a clock that the test moves and channels
// that answer as the test says.
#pragma once
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "consumers/notify/run.h"
#include "core/crypto/uuid5.h"
#include "sinks/postgres/notify_routes.h"
#include "sinks/postgres/tenants.h"
#include "tests/integration/persist/script_log.h"
#include "tests/support/postgres.h"

namespace plumbline::tests {

using namespace std::chrono_literals;
using postgres::NotifyRoute;

inline constexpr std::string_view kMasterKey = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

// What the channels were given, and what they answer: by route name, then in order; nothing left: delivered.
struct Sent {
  std::deque<channel::Message> messages;
  std::map<std::string, std::deque<channel::Outcome>> answers;
};

class ScriptChannel final : public channel::Channel {
 public:
  explicit ScriptChannel(Sent& sent) : sent_(sent) {}
  channel::Outcome send(const channel::Message& message, std::chrono::steady_clock::time_point) override {
    sent_.messages.push_back(message);
    auto& left = sent_.answers[message.route_name];
    if (left.empty()) return channel::Delivered{"ref-" + std::to_string(sent_.messages.size())};
    channel::Outcome answer = left.front();
    left.pop_front();
    return answer;
  }

 private:
  Sent& sent_;
};

// An event of drift.v1.
struct EventText {
  std::string tenant;
  std::string id;
  std::string type = "drift.opened";
  std::string severity = "high";
  std::string repo = "acme/api";
  std::string incident = "44444444-4444-5444-8444-444444444444";
  std::string recorded_at;
  bool notify = true;

  [[nodiscard]] std::string json() const {
    const auto text = [](const std::string& value) { return value.empty() ? "null" : "\"" + value + "\""; };
    return R"({"v":1,"id":")" + id + R"(","type":")" + type + R"(","tenant":")" + tenant + R"(","time":")" +
           recorded_at + R"(","recorded_at":")" + recorded_at + R"(","notify":)" +
           (notify ? "true" : "false") + R"(,"severity":")" + severity + R"(","repo":)" + text(repo) +
           R"(,"branch":"main","agent":null,)" + R"("drift_id":)" + text(incident) + R"(,"incident_id":)" +
           text(incident) +
           R"(,"report_id":null,"commit":"abc","version":"1","previous":null,"passing_since":null,)" +
           R"("summary":"a layer violation","violations":[],"violations_total":0,"policy":null,)" +
           R"("silent_since":null})";
  }
};

class NotifyTest : public testing::Test {
 protected:
  NotifyTest() : super_(database_.superuser()), control_(database_.connect("plumbline_control")) {
    options_.poll_wait = 0ms;
    options_.backoff_max = 50ms;
    options_.senders = 1;
    options_.public_url = "https://plumbline.example.com";
    options_.listen = "127.0.0.1:0";
    postgres_.url = database_.conninfo();
    keys_.master_key = Secret(std::string(kMasterKey));
    tenant_ = require(postgres::TenantStore(control_, "test").create("acme", {.name = "Acme"})).id;
    restart();
  }
  // Another process, as far as the rows can tell.
  void restart() {
    role_.reset();
    role_ = std::make_unique<notify::NotifyRole>(
        options_, postgres_, keys_, log_, clock_, metrics_,
        [this](channel::Kind) { return std::make_unique<ScriptChannel>(sent_); });
  }
  NotifyRoute add_route(const std::string& name, const std::string& kind = "webhook",
                        NotifyRoute with = NotifyRoute{}) {
    with.tenant = tenant_;
    with.id = Uuid::random();
    with.name = name;
    with.kind = kind;
    if (with.address.empty()) with.address = name + "@example.com";
    if (with.lane.empty()) with.lane = with.id.to_string();
    return require(postgres::RouteStore(control_, "test").add(with));
  }
  NotifyRoute route(const std::string& name) {
    return require(postgres::RouteStore(control_, "test").find(tenant_, name));
  }
  EventText event(const std::string& name) {
    EventText made;
    made.tenant = tenant_.value.to_string();
    made.id = crypto::uuid5(crypto::kUrlNamespace, name).to_string();
    made.recorded_at = format_rfc3339(clock_.now());
    return made;
  }
  void put(const EventText& event) { put_raw(event.json(), event.tenant); }
  void put_raw(const std::string& value, const std::string& tenant) {
    StoredRecord record;
    record.key = tenant + "/acme/api";
    record.value = value;
    record.headers = {{"tenant", tenant}};
    record.timestamp_ms = clock_.now().value / 1000;
    log_.put("drift.v1", 0, std::move(record));
  }
  void read() {
    while (require(role_->step()) > 0) {
    }
  }
  // Everything that is due now.
  void send() {
    while (require(role_->send_step())) {
    }
  }
  void run() {
    read();
    send();
  }
  std::int64_t number(const std::string& sql) { return require(super_.query(sql)).integer(0, 0); }
  // "route type state reason resend" of each delivery, a line each, in order.
  std::string deliveries() {
    auto rows = require(
        super_.query("SELECT coalesce(string_agg(concat_ws(' ', coalesce(r.name, '-'), coalesce(e.type, "
                     "d.content), d.state, "
                     "d.reason, CASE WHEN d.resend THEN 'resend' END), E'\\n' ORDER BY d.seq), '') FROM "
                     "plumbline.notify_deliveries d LEFT JOIN plumbline.notify_routes r ON r.route_id = "
                     "d.route_id LEFT JOIN "
                     "plumbline.notify_events e ON e.tenant_id = d.tenant_id AND e.event_id = d.event_id"));
    return std::string(rows.text(0, 0));
  }
  std::vector<std::string> sent_types() const {
    std::vector<std::string> types;
    for (const auto& m : sent_.messages) types.push_back(m.events.empty() ? "-" : m.events.front().type);
    return types;
  }

  TestDatabase database_;
  pg::Connection super_;
  pg::Connection control_;
  ScriptLog log_;
  ManualClock clock_{*parse_rfc3339("2026-03-02T12:00:00Z")};
  telemetry::Metrics metrics_;
  config::Notify options_;
  config::Postgres postgres_;
  config::Keys keys_;
  Sent sent_;
  TenantId tenant_;
  std::unique_ptr<notify::NotifyRole> role_;
};

}  // namespace plumbline::tests
