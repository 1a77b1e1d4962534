// From the accepted lines of one request to the records of the log: lines that share a stream key become one
// frame, in the order they came. Pure but for the sequence numbers it hands out; everything it returns lives
// in the turn's arena or in the request's body.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/arena.h"
#include "core/ids.h"
#include "core/log/log.h"
#include "core/time.h"

namespace plumbline::edge {

struct AcceptedLine {
  std::string_view text;    // validated JSON without raw newlines
  std::string_view stream;  // repo for reports, agent for everything else
  std::string_view agent;
  std::string_view summary = {};  // of a report (core/codec/report_summary.h); empty: none
};

struct FrameContext {
  TenantId tenant;
  std::string_view key_id;
  TimeUs received_at;
};

// One topic's frames of one worker. Sequence numbers are dense for each partition, from 0.
class FrameBuilder {
 public:
  // `topic` is static storage.
  FrameBuilder(std::string_view topic, std::int32_t partitions, RunId run);

  // Appends the records of a request to `records`.
  void build(std::span<const AcceptedLine> lines, const FrameContext& context, Arena& arena,
             std::vector<log::Record>& records);

 private:
  struct Group {
    std::string_view stream;
    std::uint32_t first = 0;
    std::uint32_t last = 0;
    std::uint32_t count = 0;
    std::size_t bytes = 0;
    bool one_agent = true;
    bool summed = true;  // all lines have a summary
    std::size_t summary_bytes = 0;
  };
  void group(std::span<const AcceptedLine> lines);
  Group& group_of(const AcceptedLine& line, std::uint32_t index);
  [[nodiscard]] std::string_view joined(const Group& group, std::span<const AcceptedLine> lines,
                                        std::string_view AcceptedLine::*text, std::size_t bytes) const;
  [[nodiscard]] std::string_view join(const Group& group, std::span<const AcceptedLine> lines,
                                      std::string_view AcceptedLine::*text, std::size_t bytes,
                                      Arena& arena) const;
  [[nodiscard]] std::span<const log::Header> headers(const Group& group, std::span<const AcceptedLine> lines,
                                                     std::int32_t partition, const FrameContext& context,
                                                     std::string_view tenant, std::string_view received_at,
                                                     Arena& arena);

  const std::string_view topic_;
  const std::string type_;    // ce_type
  const std::string run_;     // uuid text
  const std::string source_;  // ce_source
  std::vector<std::uint64_t> next_seq_;
  // Reused from request to request.
  std::vector<Group> groups_;
  std::vector<std::uint32_t> next_;  // index of the next line of the same group
  std::unordered_map<std::string_view, std::uint32_t> index_;
};

}  // namespace plumbline::edge
