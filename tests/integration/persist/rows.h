// Rows for tests of the stores.
#pragma once
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/time.h"
#include "core/uuid.h"
#include "sinks/postgres/report_store.h"
#include "sinks/postgres/trace_store.h"

namespace plumbline::tests {

inline Uuid uuid_of(int number) {
  Uuid id;
  for (int byte = 0; byte < 4; ++byte)
    id.bytes[15 - static_cast<std::size_t>(byte)] = static_cast<std::uint8_t>(number >> (8 * byte));
  return id;
}

// Noon of yesterday: partitions are made for days within retention only.
inline TimeUs noon() {
  constexpr std::int64_t kDayUs = 86400LL * 1000000;
  static const std::int64_t today = SystemClock().now().value / kDayUs;
  return {today * kDayUs - kDayUs / 2};
}

// A decision `number` of tenant 1, found at `offset` of partition 0.
inline postgres::TraceRow trace(int number, std::int64_t offset) {
  postgres::TraceRow row;
  row.key = {{noon().value + number}, {uuid_of(1)}, uuid_of(1000 + number)};
  row.digest = uuid_of(5000 + number);
  row.received_at = noon();
  row.address = {1, 0, offset, 0};
  row.kind = "decision";
  row.agent = "builder";
  row.session = "session-1";
  row.action_type = "auto_reply";
  row.risk_score = 30;
  row.payload = "{\"data\":{}}";
  return row;
}

inline postgres::TraceRow moved(postgres::TraceRow row, std::int64_t offset) {
  row.address.offset = offset;
  return row;
}

inline postgres::TraceRow with_content(postgres::TraceRow row, std::int64_t offset,
                                       std::string_view payload) {
  row.address.offset = offset;
  row.payload = payload;
  row.digest = uuid_of(900000 + static_cast<int>(offset));
  return row;
}

inline postgres::ReportRow report(int number, std::int64_t offset) {
  postgres::ReportRow row;
  row.key = {noon(), {uuid_of(1)}, uuid_of(2000 + number)};
  row.digest = uuid_of(6000 + number);
  row.received_at = noon();
  row.address = {2, 0, offset, 0};
  row.agent = "ci";
  row.repo = "rxjs";
  row.status = "FAIL";
  row.score = 81.5;
  row.violations = {{"file-size", "Too long", "low", "traditional", "", "src/a.ts",
                     "says \"no\", {really}\\ \u00fc", 1, 12, 14},
                    {"layers", "", "high", "", "", "", "", 0, std::nullopt, std::nullopt}};
  row.payload = R"({"data":{"status":"FAIL","summary":{"file-size":"FAIL","layers":"PASS"}}})";
  return row;
}

}  // namespace plumbline::tests
