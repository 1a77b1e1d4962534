// The frame: one log record that carries one or more validated JSON lines of one request sharing a key
// (DESIGN section 3). Header names follow the CloudEvents Kafka binding 1.0.2 (binary mode) plus Plumbline's
// own.
#pragma once
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/ids.h"
#include "core/log/log.h"
#include "core/result.h"
#include "core/time.h"

namespace plumbline::frame {

inline constexpr std::string_view kTracesTopic = "traces.v1";
inline constexpr std::string_view kReportsTopic = "reports.v1";
inline constexpr std::string_view kDeadTopic = "dead.v1";
inline constexpr std::string_view kOutcomesTopic = "outcomes.v1";
inline constexpr std::string_view kKeysTopic = "keys.v1";
inline constexpr std::string_view kDriftTopic = "drift.v1";

inline constexpr std::string_view kCeSpecVersion = "ce_specversion";  // "1.0"
inline constexpr std::string_view kCeId = "ce_id";                    // {run_id}.{partition}.{seq}
inline constexpr std::string_view kCeType =
    "ce_type";  // dev.plumbline.traces.v1, dev.plumbline.reports.v1, ...
inline constexpr std::string_view kCeSource = "ce_source";        // /edge/{run_id}
inline constexpr std::string_view kCeTime = "ce_time";            // received_at
inline constexpr std::string_view kContentType = "content-type";  // application/x-ndjson
inline constexpr std::string_view kTenant = "tenant";             // uuid
inline constexpr std::string_view kAgent = "agent";  // empty when the lines of a report frame differ in it
inline constexpr std::string_view kKeyId = "key_id";
inline constexpr std::string_view kReceivedAt = "received_at";  // RFC 3339, 27 characters
inline constexpr std::string_view kRunId = "run_id";            // uuid: one edge worker of one process life
inline constexpr std::string_view kSeq = "seq";  // dense per (run_id, topic, partition), from 0

// What a consumer must know of a frame before it looks at its lines. Views borrow from the record.
struct Meta {
  TenantId tenant;
  RunId run;
  std::uint64_t seq = 0;
  TimeUs received_at;
  std::string_view key_id;
  std::string_view agent;
};

// Poison "bad_frame" when a header is missing or malformed, or the record's key does not start with its
// tenant.
inline Result<Meta> parse_meta(const log::ReadRecord& record) {
  Meta meta;
  const auto tenant = Uuid::parse(record.header(kTenant));
  const auto run = Uuid::parse(record.header(kRunId));
  const auto received = parse_rfc3339(record.header(kReceivedAt));
  if (!tenant) return poison("bad_frame", "header tenant is missing or not a UUID");
  if (!run) return poison("bad_frame", "header run_id is missing or not a UUID");
  if (!received) return poison("bad_frame", "header received_at is missing or not RFC 3339");
  const std::string_view seq = record.header(kSeq);
  const auto parsed = std::from_chars(seq.data(), seq.data() + seq.size(), meta.seq);
  if (parsed.ec != std::errc{} || parsed.ptr != seq.data() + seq.size()) {
    return poison("bad_frame", "header seq is missing or not a number");
  }
  const std::string_view stream_key = record.key;
  if (stream_key.size() < 38 || stream_key[36] != '/' || Uuid::parse(stream_key.substr(0, 36)) != tenant) {
    return poison("bad_frame", "the record's key is not tenant/stream of the header's tenant");
  }
  meta.tenant = {*tenant};
  meta.run = {*run};
  meta.received_at = *received;
  meta.key_id = record.header(kKeyId);
  meta.agent = record.header(kAgent);
  return meta;
}

}  // namespace plumbline::frame
