#include <algorithm>
#include <array>

#include "core/log/tools/copy.h"
#include "core/time.h"

namespace plumbline::log::tools {
namespace {

void quote(std::string_view raw, std::string& to) {
  constexpr std::string_view kHex = "0123456789abcdef";
  for (const char c : raw) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f && c != '\\') {
      to.push_back(c);
    } else {
      to.append("\\x").push_back(kHex[byte >> 4]);
      to.push_back(kHex[byte & 15]);
    }
  }
}

}  // namespace

Result<std::vector<PartitionLine>> list(Log& log, const std::string& topic) {
  std::vector<std::string> names{topic};
  if (topic.empty()) {
    auto all = log.topics();
    if (!all) return all.error();
    names = std::move(*all);
    std::sort(names.begin(), names.end());
  }
  std::vector<PartitionLine> lines;
  for (const std::string& name : names) {
    auto info = log.topic(name);
    if (!info) return info.error();
    for (std::int32_t p = 0; p < info->partitions; ++p) {
      auto marks = log.watermarks({name, p});
      if (!marks) return marks.error();
      lines.push_back({{name, p}, *marks});
    }
  }
  return lines;
}

std::string to_line(const ReadRecord& record, bool payload) {
  std::string line(record.topic);
  line += "/" + std::to_string(record.partition) + "@" + std::to_string(record.offset) + " " +
          format_rfc3339({record.timestamp_ms * 1000}) + " key=";
  quote(record.key, line);
  line += " bytes=" + std::to_string(record.value.size());
  for (const Header& h : record.headers) {
    line.push_back(' ');
    quote(h.name, line);
    line.push_back('=');
    quote(h.value, line);
  }
  if (payload) {
    line += "\n  ";
    quote(record.value, line);
  }
  return line;
}

Status tail(Log& log, const TailOptions& options, const std::stop_token& stop,
            const std::function<void(const ReadRecord&)>& show) {
  auto lines = list(log, options.topic);
  if (!lines) return lines.error();
  std::vector<StartPosition> from;
  std::map<std::int32_t, std::int64_t> ends;
  for (const PartitionLine& line : *lines) {
    if (options.partition >= 0 && line.at.partition != options.partition) continue;
    const std::int64_t first =
        options.last < 0 ? line.marks.low : std::max(line.marks.low, line.marks.high - options.last);
    from.push_back({line.at, first, {}});
    if (first < line.marks.high) ends[line.at.partition] = line.marks.high;
  }
  if (from.empty()) return fatal("unknown_partition", options.topic + " has no such partition");
  if (ends.empty() && !options.follow) return ok_status();
  auto reader = log.reader(from);
  if (!reader) return reader.error();
  constexpr std::chrono::milliseconds kWait{200};
  int quiet = 0;  // a compacted or trimmed end may hold no record: silence ends it too
  constexpr int kQuietMax = 50;
  while (!stop.stop_requested() && (options.follow || (!ends.empty() && quiet < kQuietMax))) {
    auto batch = (*reader)->poll(std::size_t{1} << 20, kWait, stop);
    if (!batch) return batch.error();
    quiet = batch->empty() ? quiet + 1 : 0;
    for (const ReadRecord& record : *batch) {
      const auto end = ends.find(record.partition);
      if (!options.follow && (end == ends.end() || record.offset >= end->second)) continue;
      show(record);
      if (end != ends.end() && record.offset + 1 >= end->second) ends.erase(end);
    }
  }
  return ok_status();
}

}  // namespace plumbline::log::tools
