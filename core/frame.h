// The frame: one log record that carries one or more validated JSON lines of one request sharing a key
// (DESIGN section 3). Header names follow the CloudEvents Kafka binding 1.0.2 (binary mode) plus Plumbline's
// own.
#pragma once
#include <charconv>
#include <cstdint>
#include <optional>
#include <span>
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
inline constexpr std::string_view kSeq = "seq";          // dense per (run_id, topic, partition), from 0
inline constexpr std::string_view kSummary = "summary";  // reports.v1: core/codec/report_summary.h; may lack

// What a consumer must know of a frame before it looks at its lines. Views borrow from the record.
struct Meta {
  TenantId tenant;
  RunId run;
  std::uint64_t seq = 0;
  TimeUs received_at;
  std::string_view key_id;
  std::string_view agent;
  std::string_view summary;  // empty: none
};

// Frames of one batch are of few tenants and edges, and many of one microsecond's turn: what was read last is
// not read again. Not thread-safe.
class MetaParser {
 public:
  // Poison "bad_frame" when a header is missing or malformed, or the record's key does not start with its
  // tenant. Of a header that is there twice the first counts.
  Result<Meta> parse(const log::ReadRecord& record) {
    const Texts texts = find(record.headers);
    const auto tenant = tenant_.parse(texts.tenant, Uuid::parse);
    const auto run = run_.parse(texts.run, Uuid::parse);
    const auto received = received_.parse(texts.received, parse_rfc3339);
    if (!tenant) return poison("bad_frame", "header tenant is missing or not a UUID");
    if (!run) return poison("bad_frame", "header run_id is missing or not a UUID");
    if (!received) return poison("bad_frame", "header received_at is missing or not RFC 3339");
    Meta meta;
    const auto parsed = std::from_chars(texts.seq.data(), texts.seq.data() + texts.seq.size(), meta.seq);
    if (parsed.ec != std::errc{} || parsed.ptr != texts.seq.data() + texts.seq.size()) {
      return poison("bad_frame", "header seq is missing or not a number");
    }
    const std::string_view key = record.key;
    if (key.size() < 38 || key[36] != '/' ||
        (key.substr(0, 36) != texts.tenant && Uuid::parse(key.substr(0, 36)) != tenant)) {
      return poison("bad_frame", "the record's key is not tenant/stream of the header's tenant");
    }
    meta.tenant = {*tenant};
    meta.run = {*run};
    meta.received_at = *received;
    meta.key_id = texts.key_id;
    meta.agent = texts.agent;
    meta.summary = texts.summary;
    return meta;
  }

 private:
  struct Texts {
    std::string_view tenant, run, received, seq, key_id, agent, summary;
    std::uint32_t seen = 0;  // by place
  };
  // A value beside the text that it was read from.
  template <class T>
  struct Last {
    std::string text;
    std::optional<T> value;

    template <class Parse>
    std::optional<T> parse(std::string_view now, Parse&& read) {
      if (!value || now != text) {
        value = read(now);
        text = now;
      }
      return value;
    }
  };

  static Texts find(std::span<const log::Header> headers) {
    Texts found;
    for (const log::Header& header : headers) {
      std::string_view* const to = place(header.name, found);
      if (to == nullptr) continue;
      const std::uint32_t bit = 1U << (to - &found.tenant);
      if ((found.seen & bit) == 0) *to = header.value;
      found.seen |= bit;
    }
    return found;
  }
  // By length first: most headers are for others.
  static std::string_view* place(std::string_view name, Texts& texts) {
    switch (name.size()) {
      case 3:
        return name == kSeq ? &texts.seq : nullptr;
      case 5:
        return name == kAgent ? &texts.agent : nullptr;
      case 6:
        if (name == kTenant) return &texts.tenant;
        if (name == kKeyId) return &texts.key_id;
        return name == kRunId ? &texts.run : nullptr;
      case 7:
        return name == kSummary ? &texts.summary : nullptr;
      case 11:
        return name == kReceivedAt ? &texts.received : nullptr;
      default:
        return nullptr;
    }
  }

  Last<Uuid> tenant_, run_;
  Last<TimeUs> received_;
};

// For who reads few.
inline Result<Meta> parse_meta(const log::ReadRecord& record) {
  return MetaParser().parse(record);
}

}  // namespace plumbline::frame
