// `plumbline log ls|tail|copy`: what they do, without how they print.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "core/log/log.h"

namespace plumbline::log::tools {

struct PartitionLine {
  TopicPartition at;
  Watermarks marks;
};

// Every partition of one topic, or of all with an empty name; by topic and partition.
[[nodiscard]] Result<std::vector<PartitionLine>> list(Log& log, const std::string& topic);

struct TailOptions {
  std::string topic;
  std::int32_t partition = -1;  // -1: all
  std::int64_t last = 10;       // records of each partition before its end; -1: from the oldest
  bool follow = false;          // goes on until stopped; else ends where the log ended at the start
};

// Calls `show` for each record, by partition in order of offset.
Status tail(Log& log, const TailOptions& options, const std::stop_token& stop,
            const std::function<void(const ReadRecord&)>& show);

// One line: address, time, key, headers and sizes; the payload only when asked for. Control characters and
// bytes beyond ASCII print as \xNN, so that no record can write to a terminal.
[[nodiscard]] std::string to_line(const ReadRecord& record, bool payload);

struct CopyProgress {
  TopicPartition at;
  std::int64_t copied = 0;   // in this run
  std::int64_t skipped = 0;  // were there from an earlier run
};

struct CopyOptions {
  std::vector<TopicSpec> topics;  // made at the target when missing
  std::size_t batch_bytes = std::size_t{4} << 20;
  std::chrono::milliseconds idle_max{60'000};  // nothing read for so long: an error, not a wait for ever
};

// Copies the records that `from` holds at the start to `to`: same topic, partition, key, value, headers, time
// and order. Offsets are the target's own. A record carries its source offset in a header,
// `plumbline_copied_from`; a second run reads the newest of them at the target and goes on behind it, so it
// may be interrupted anywhere. The target's partition must be empty or end with a copied record, else
// "target_in_use". Verified at the end: as many records at the target as were read here, "copy_incomplete"
// otherwise. Nothing else may append to either side meanwhile.
Result<std::vector<CopyProgress>> copy(Log& from, Log& to, const CopyOptions& options,
                                       const std::stop_token& stop,
                                       const std::function<void(const CopyProgress&)>& progress);

inline constexpr std::string_view kCopiedFrom = "plumbline_copied_from";

}  // namespace plumbline::log::tools
