#include "core/log/embedded/topic_view.h"

#include <algorithm>
#include <charconv>
#include <map>

namespace plumbline::log::embedded {
namespace {

constexpr std::uint64_t kMappedBytes = std::uint64_t{2} << 20;  // of what was walked, kept mapped at most

}  // namespace

std::string encode(const TopicMeta& m) {
  return "partitions " + std::to_string(m.spec.partitions) + "\ncompacted " +
         std::to_string(m.spec.compacted ? 1 : 0) + "\nretention_ms " +
         std::to_string(m.spec.retention.count()) + "\nretention_bytes " +
         std::to_string(m.spec.retention_bytes) + "\nrecord_bytes_max " +
         std::to_string(m.spec.record_bytes_max) + "\nincarnation " + m.incarnation.to_string() + "\n";
}

Result<TopicMeta> decode_meta(const std::string& name, std::string_view text) {
  std::map<std::string, std::string, std::less<>> words;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::size_t space = line.find(' ');
    if (space != std::string_view::npos) words[std::string(line.substr(0, space))] = line.substr(space + 1);
  }
  const auto number = [&words](const char* key) {
    std::int64_t v = 0;
    const std::string& word = words[key];
    std::from_chars(word.data(), word.data() + word.size(), v);
    return v;
  };
  TopicMeta meta;
  meta.spec.name = name;
  meta.spec.partitions = static_cast<std::int32_t>(number("partitions"));
  meta.spec.compacted = number("compacted") != 0;
  meta.spec.retention = std::chrono::milliseconds(number("retention_ms"));
  meta.spec.retention_bytes = number("retention_bytes");
  meta.spec.record_bytes_max = number("record_bytes_max");
  const auto incarnation = Uuid::parse(words["incarnation"]);
  if (!incarnation || meta.spec.partitions < 1 || meta.spec.partitions > kPartitionsMax) {
    return fatal(
        "log_corrupt",
        "topics/" + name + "/topic is damaged: restore it from a backup or remove the topic's folder");
  }
  meta.incarnation = *incarnation;
  return meta;
}

std::string encode(const Synced& synced) {
  const std::uint64_t words[2] = {synced.segment << kSyncedEndBits | synced.end,
                                  ~(synced.segment << kSyncedEndBits | synced.end)};
  return {reinterpret_cast<const char*>(words), sizeof words};
}

std::optional<Synced> decode_synced(std::string_view text) {
  std::uint64_t words[2];
  if (text.size() < sizeof words) return std::nullopt;
  std::memcpy(words, text.data(), sizeof words);
  if (words[0] != ~words[1]) return std::nullopt;
  return Synced{words[0] >> kSyncedEndBits, words[0] & ((std::uint64_t{1} << kSyncedEndBits) - 1)};
}

std::string topic_folder(std::string_view topic) {
  return "topics/" + std::string(topic);
}

std::string segment_path(std::string_view topic, std::uint64_t number) {
  std::string digits = std::to_string(number);
  return topic_folder(topic) + "/" + std::string(16 - digits.size(), '0') + digits + ".segment";
}

Result<std::shared_ptr<Segment>> open_segment(Files& files, const std::string& path, std::size_t map_bytes) {
  auto file = files.open(path, false);
  if (!file) return file.error();
  const std::uint64_t size = (*file)->size();
  auto damaged = fatal("log_corrupt", path +
                                          " has a damaged header: restore the file from a backup, or move "
                                          "the topic's folder away to start anew");
  if (size < kSegmentHeaderBytes) return damaged;
  auto data = (*file)->map(std::max<std::size_t>(map_bytes, size));
  if (!data) return data.error();
  auto header = decode_segment({data->get(), kSegmentHeaderBytes});
  if (!header) return damaged;
  auto segment = std::make_shared<Segment>();
  segment->header = std::move(*header);
  segment->data = std::move(*data);
  segment->file_bytes = size;
  return segment;
}

TopicView::TopicView(TopicMeta m)
    : meta(std::move(m)), highs_(static_cast<std::size_t>(meta.spec.partitions)) {}

Watermarks TopicView::watermarks(std::int32_t partition) const {
  const std::lock_guard lock(mutex_);
  const auto p = static_cast<std::size_t>(partition);
  return {segments_.empty() ? 0 : segments_.front()->header.first_offsets[p], highs_[p]};
}

std::shared_ptr<Segment> TopicView::first_after(std::uint64_t number) const {
  const std::lock_guard lock(mutex_);
  for (const auto& segment : segments_) {
    if (segment->header.number > number) return segment;
  }
  return nullptr;
}

std::shared_ptr<Segment> TopicView::containing(std::int32_t partition, std::int64_t offset) const {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<Segment> found = segments_.empty() ? nullptr : segments_.front();
  for (const auto& segment : segments_) {
    if (segment->header.first_offsets[static_cast<std::size_t>(partition)] > offset) break;
    found = segment;
  }
  return found;
}

std::vector<std::shared_ptr<Segment>> TopicView::segments() const {
  const std::lock_guard lock(mutex_);
  return segments_;
}

void TopicView::set_segments(std::vector<std::shared_ptr<Segment>> segments) {
  const std::lock_guard lock(mutex_);
  segments_ = std::move(segments);
}

void TopicView::publish(Segment& segment, std::uint64_t end, std::span<const std::int64_t> next_offsets) {
  const std::lock_guard lock(mutex_);
  segment.end.store(end, std::memory_order_release);
  std::copy(next_offsets.begin(), next_offsets.end(), highs_.begin());
}

void TopicView::walk(const Segment& segment, std::uint64_t from, std::uint64_t to) {
  const char* data = segment.data.get();
  while (from < to) {
    const auto group = group_at(data + from, to - from, segment.header.salt);
    if (!group) return;  // the reader names the damage when it comes here
    const char* at = data + from + kGroupHeaderBytes;
    for (std::uint32_t i = 0; i < group->records; ++i) {
      const RecordHeader record = record_at(at);
      if (record.partition < highs_.size()) highs_[record.partition] = record.offset + 1;
      at += record.bytes;
    }
    from += group->bytes;
  }
}

Status TopicView::list_again(Files& files, const Synced& synced) {
  const std::string folder = topic_folder(meta.spec.name);
  auto names = files.list(folder);
  if (!names) return names.error();
  std::vector<std::shared_ptr<Segment>> now;
  for (const std::string& name : *names) {
    if (!name.ends_with(".segment")) continue;
    std::uint64_t number = 0;
    const auto parsed = std::from_chars(name.data(), name.data() + name.size(), number);
    if (parsed.ec != std::errc{} || *parsed.ptr != '.') continue;  // not one of ours
    if (number > synced.segment) continue;
    const auto known = std::find_if(segments_.begin(), segments_.end(),
                                    [&](const auto& s) { return s->header.number == number; });
    if (known != segments_.end()) {
      now.push_back(*known);
      continue;
    }
    // An open segment grows after it was mapped: map as far as it may ever grow.
    auto segment = open_segment(files, folder + "/" + name, std::size_t{1} << 32);
    if (!segment && segment.error().code == "not_found") return segment.error();
    if (!segment) return segment.error();
    now.push_back(std::move(*segment));
  }
  for (std::size_t i = 0; i + 1 < now.size(); ++i) {
    const SegmentHeader& own = now[i]->header;
    now[i]->end.store(own.end != 0 ? own.end : now[i + 1]->header.previous_end, std::memory_order_release);
  }
  segments_ = std::move(now);
  return ok_status();
}

Result<bool> TopicView::refresh(Files& files) {
  const std::lock_guard lock(mutex_);
  auto text = files.read(topic_folder(meta.spec.name) + "/synced");
  if (!text) return text.error();
  const auto synced = decode_synced(*text);
  if (!synced) return false;  // caught in the middle of an update: the next look sees it whole
  const bool same = synced->segment == seen_.segment && synced->end == seen_.end;
  if (same && !segments_.empty()) return false;
  if (synced->segment != seen_.segment || segments_.empty()) {
    if (!segments_.empty()) forget_pages(segments_.back()->data, forgotten_to_, seen_.end);
    forgotten_to_ = 0;
    if (Status listed = list_again(files, *synced); !listed) {
      if (listed.error().code == "not_found") return false;  // retention was faster: the next look
      return listed.error();
    }
    if (segments_.empty() || segments_.back()->header.number != synced->segment) return false;
    const std::vector<std::int64_t>& first = segments_.back()->header.first_offsets;
    std::copy(first.begin(), first.end(), highs_.begin());
    seen_ = {synced->segment, kSegmentHeaderBytes};
  }
  Segment& last = *segments_.back();
  walk(last, seen_.end, synced->end);
  last.end.store(synced->end, std::memory_order_release);
  seen_ = *synced;
  if (seen_.end >= forgotten_to_ + kMappedBytes) {
    forget_pages(last.data, forgotten_to_, seen_.end);
    forgotten_to_ = seen_.end;
  }
  return true;
}

}  // namespace plumbline::log::embedded
