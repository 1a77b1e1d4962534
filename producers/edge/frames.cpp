#include "producers/edge/frames.h"

#include <charconv>
#include <cstring>
#include <new>

#include "core/frame.h"

namespace plumbline::edge {
namespace {

constexpr std::size_t kLinearGroupsMax = 8;  // a request has few streams: a scan beats a hash table
constexpr std::uint32_t kEnd = UINT32_MAX;
constexpr std::size_t kHeaderCount = 12;  // and the summary
// Of a frame, within what a record has for its key and headers (limits::kRecordBytesMax). Hundreds of reports
// in one request are a backfill, which may take its time.
constexpr std::size_t kSummariesBytesMax = std::size_t{32} << 10;

// Neighbours share their views (Intake), so that most need no look at the bytes.
bool same(std::string_view a, std::string_view b) {
  return (a.data() == b.data() && a.size() == b.size()) || a == b;
}

std::string_view number(std::uint64_t value, Arena& arena) {
  char* at = arena.allocate(20);
  return {at, static_cast<std::size_t>(std::to_chars(at, at + 20, value).ptr - at)};
}

// {run_id}.{partition}.{seq}
std::string_view event_id(std::string_view run, std::int32_t partition, std::uint64_t seq, Arena& arena) {
  char* const begin = arena.allocate(run.size() + 32);
  std::memcpy(begin, run.data(), run.size());
  char* at = begin + run.size();
  *at++ = '.';
  at = std::to_chars(at, at + 11, partition).ptr;
  *at++ = '.';
  at = std::to_chars(at, at + 20, seq).ptr;
  return {begin, static_cast<std::size_t>(at - begin)};
}

std::string_view stream_key(std::string_view tenant, std::string_view stream, Arena& arena) {
  char* at = arena.allocate(tenant.size() + 1 + stream.size());
  std::memcpy(at, tenant.data(), tenant.size());
  at[tenant.size()] = '/';
  std::memcpy(at + tenant.size() + 1, stream.data(), stream.size());
  return {at, tenant.size() + 1 + stream.size()};
}

}  // namespace

FrameBuilder::FrameBuilder(std::string_view topic, std::int32_t partitions, RunId run)
    : topic_(topic),
      type_("dev.plumbline." + std::string(topic)),
      run_(run.value.to_string()),
      source_("/edge/" + run_),
      next_seq_(static_cast<std::size_t>(partitions), 0) {}

FrameBuilder::Group& FrameBuilder::group_of(const AcceptedLine& line, std::uint32_t index) {
  if (groups_.size() <= kLinearGroupsMax) {
    for (auto group = groups_.rbegin(); group != groups_.rend(); ++group) {
      if (same(group->stream, line.stream)) return *group;
    }
  } else if (const auto found = index_.find(line.stream); found != index_.end()) {
    return groups_[found->second];
  }
  groups_.push_back({line.stream, index, kEnd});
  if (groups_.size() > kLinearGroupsMax) {
    if (index_.empty()) {
      for (std::uint32_t i = 0; i < groups_.size(); ++i) index_.emplace(groups_[i].stream, i);
    } else {
      index_.emplace(line.stream, static_cast<std::uint32_t>(groups_.size() - 1));
    }
  }
  return groups_.back();
}

void FrameBuilder::group(std::span<const AcceptedLine> lines) {
  groups_.clear();
  index_.clear();
  next_.assign(lines.size(), kEnd);
  for (std::uint32_t i = 0; i < lines.size(); ++i) {
    Group& group = group_of(lines[i], i);
    if (group.last != kEnd) next_[group.last] = i;
    group.last = i;
    ++group.count;
    group.bytes += lines[i].text.size() + 1;
    group.one_agent = group.one_agent && same(lines[i].agent, lines[group.first].agent);
    group.summed = group.summed && !lines[i].summary.empty();
    group.summary_bytes += lines[i].summary.size() + 1;
  }
}

// Lines that follow each other in the body, as those of an agent's NDJSON do, are a frame as they stand
// there. Empty: something else is between them.
std::string_view FrameBuilder::joined(const Group& group, std::span<const AcceptedLine> lines,
                                      std::string_view AcceptedLine::*text, std::size_t bytes) const {
  const std::string_view first = lines[group.first].*text;
  const char* end = first.data() + first.size();
  for (std::uint32_t i = next_[group.first]; i != kEnd; i = next_[i]) {
    const std::string_view one = lines[i].*text;
    if (one.data() != end + 1 || *end != '\n') return {};
    end = one.data() + one.size();
  }
  return {first.data(), bytes - 1};
}

std::string_view FrameBuilder::join(const Group& group, std::span<const AcceptedLine> lines,
                                    std::string_view AcceptedLine::*text, std::size_t bytes,
                                    Arena& arena) const {
  if (group.count == 1) return lines[group.first].*text;
  if (const std::string_view there = joined(group, lines, text, bytes); !there.empty()) return there;
  char* const begin = arena.allocate(bytes);
  char* at = begin;
  for (std::uint32_t i = group.first; i != kEnd; i = next_[i]) {
    const std::string_view one = lines[i].*text;
    std::memcpy(at, one.data(), one.size());
    at += one.size();
    *at++ = '\n';
  }
  return {begin, bytes - 1};  // lines are separated, not ended
}

std::span<const log::Header> FrameBuilder::headers(const Group& group, std::span<const AcceptedLine> lines,
                                                   std::int32_t partition, const FrameContext& context,
                                                   std::string_view tenant, std::string_view received_at,
                                                   Arena& arena) {
  const std::uint64_t seq = next_seq_[static_cast<std::size_t>(partition)]++;
  auto* at = new (arena.allocate((kHeaderCount + 1) * sizeof(log::Header))) log::Header[kHeaderCount + 1];
  at[0] = {frame::kCeSpecVersion, "1.0"};
  at[1] = {frame::kCeId, event_id(run_, partition, seq, arena)};
  at[2] = {frame::kCeType, type_};
  at[3] = {frame::kCeSource, source_};
  at[4] = {frame::kCeTime, received_at};
  at[5] = {frame::kContentType, "application/x-ndjson"};
  at[6] = {frame::kTenant, tenant};
  at[7] = {frame::kAgent, group.one_agent ? arena.copy(lines[group.first].agent) : std::string_view{}};
  at[8] = {frame::kKeyId, context.key_id};
  at[9] = {frame::kReceivedAt, received_at};
  at[10] = {frame::kRunId, run_};
  at[11] = {frame::kSeq, number(seq, arena)};
  if (!group.summed || group.summary_bytes > kSummariesBytesMax) return {at, kHeaderCount};
  at[12] = {frame::kSummary, join(group, lines, &AcceptedLine::summary, group.summary_bytes, arena)};
  return {at, kHeaderCount + 1};
}

void FrameBuilder::build(std::span<const AcceptedLine> lines, const FrameContext& context, Arena& arena,
                         std::vector<log::Record>& records) {
  if (lines.empty()) return;
  group(lines);
  char* const tenant_at = arena.allocate(36);
  context.tenant.value.write_to(tenant_at);
  const std::string_view tenant{tenant_at, 36};
  const std::string_view received_at = arena.copy(format_rfc3339(context.received_at));
  for (const Group& each : groups_) {
    log::Record record;
    record.topic = topic_;
    record.key = stream_key(tenant, each.stream, arena);
    record.partition = log::partition_of(record.key, static_cast<std::int32_t>(next_seq_.size()));
    record.value = join(each, lines, &AcceptedLine::text, each.bytes, arena);
    record.headers = headers(each, lines, record.partition, context, tenant, received_at, arena);
    record.timestamp_ms = context.received_at.value / 1000;
    records.push_back(record);
  }
}

}  // namespace plumbline::edge
