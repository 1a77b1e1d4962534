// drift driven turn by turn over a scripted log and a real PostgreSQL.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "consumers/drift/run.h"
#include "core/codec/decoder.h"
#include "core/codec/report_summary.h"
#include "tests/integration/persist/frames.h"
#include "tests/integration/persist/script_log.h"
#include "tests/support/postgres.h"

namespace plumbline::tests {

using namespace std::chrono_literals;

class DriftTest : public testing::Test {
 protected:
  DriftTest() : super_(database_.superuser()) {
    options_.poll_wait = 0ms;
    options_.backoff_max = 50ms;
    postgres_.url = database_.conninfo();
  }

  std::unique_ptr<drift::DriftRole> role() {
    return std::make_unique<drift::DriftRole>(options_, postgres_, log_, clock_, metrics_);
  }
  // Until nothing comes any more.
  static void drain(drift::DriftRole& role) {
    while (require(role.step()) > 0) {
    }
  }
  void drain() {
    auto one = role();
    drain(*one);
  }

  // A frame of reports of one repository, received a second after the newest of `lines` says it happened.
  void put(const std::vector<std::string>& lines) {
    FrameOptions frame;
    frame.topic = "reports.v1";
    frame.stream = text_member(lines.front(), "repo");
    TimeUs newest;
    for (const std::string& line : lines)
      newest = std::max(newest, *parse_rfc3339(text_member(line, "time")));
    frame.received_at = format_rfc3339({newest.value + 1000000});
    frame.seq = seq_++;
    if (frame.seq % 2 == 0) frame.summary = summaries_of(lines);  // the others are of an edge that has none
    log_.put(frame.topic, 0, frame_of(frame, lines));
  }

  static std::string summaries_of(const std::vector<std::string>& lines) {
    codec::Decoder decoder;
    std::string all;
    for (const std::string& line : lines) {
      const auto report = decoder.decode(line, codec::Endpoint::kReports);
      if (!report) return {};
      if (!all.empty()) all += '\n';
      if (!codec::append_report_summary(**report, all)) return {};
    }
    return all;
  }

  // Report `number` (also its version) of `app`, so many minutes after nine; `file` breaks a layer.
  static std::string gate(int number, int minute, const std::string& status = "PASS",
                          const std::string& file = "") {
    const TimeUs time{parse_rfc3339("2026-11-10T09:00:00Z")->value + minute * 60LL * 1000000};
    const std::string failure =
        file.empty()
            ? std::string(R"({"id":"file-size","title":"File Size Limit"})")
            : R"({"id":"ARCH_BOUNDARY","title":"Architectural Violation","severity":"high","files":[")" +
                  file + R"("]})";
    return R"({"id":")" + uuid_of(7000 + number).to_string() + R"(","kind":"report","time":")" +
           format_rfc3339(time) + R"(","agent":"gate","repo":"app","branch":"main","version":")" +
           std::to_string(number) + R"(","data":{"status":")" + status + R"(","failures":[)" +
           (status == "PASS" ? "" : failure) + "]}}";
  }
  void report(int number, int minute, const std::string& status = "PASS", const std::string& file = "") {
    put({gate(number, minute, status, file)});
  }

  std::string text(const std::string& sql) {
    auto rows = require(super_.query(sql));
    std::string all;
    for (int row = 0; row < rows.size(); ++row) all.append(row > 0 ? "\n" : "").append(rows.text(row, 0));
    return all;
  }
  std::int64_t number(const std::string& sql) { return require(super_.query(sql)).integer(0, 0); }
  // Everything that is a function of the set of reports.
  std::string history() {
    return text("SELECT (to_jsonb(d))::text FROM plumbline.drifts d ORDER BY 1") + "\n--\n" +
           text("SELECT (to_jsonb(r))::text FROM plumbline.drift_history r ORDER BY 1") + "\n--\n" +
           text(
               "SELECT (to_jsonb(s) - 'version' - 'announced_drift' - 'announced_incident')::text FROM "
               "plumbline.drift_streams s ORDER BY 1") +
           "\n--\n" +
           text(
               "SELECT event_id || ' ' || type || ' ' || time FROM plumbline.drift_events WHERE withdrawn_at "
               "IS "
               "NULL AND NOT correction ORDER BY 1");
  }
  std::string told() {
    return text(
        "SELECT type || ' ' || coalesce(body::jsonb->>'version', '') FROM plumbline.drift_events WHERE "
        "notify ORDER BY seq");
  }
  std::vector<std::string> published(const std::string& member = "id") {
    std::vector<std::string> found;
    for (const StoredRecord& record : log_.all("drift.v1"))
      found.push_back(text_member(record.value, member));
    return found;
  }

  TestDatabase database_;
  pg::Connection super_;
  ScriptLog log_;
  ManualClock clock_{*parse_rfc3339("2026-11-10T12:00:00Z")};
  telemetry::Metrics metrics_;
  config::Drift options_;
  config::Postgres postgres_;
  std::uint64_t seq_ = 0;
};

}  // namespace plumbline::tests
