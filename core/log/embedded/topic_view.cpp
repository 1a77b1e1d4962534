#include "core/log/embedded/topic_view.h"

#include <algorithm>
#include <charconv>
#include <map>

namespace plumbline::log::embedded {
namespace {

constexpr std::uint64_t kMappedBytes = std::uint64_t{2} << 20;  // of what was walked, kept mapped at most
// Address space for a segment that is still written: as far as it may ever grow. A closed one takes what its
// file has, for a process has 128 TiB.
constexpr std::size_t kOpenSegmentBytes = std::size_t{1} << 32;

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
  if (Status there = fetch_pages(*data, 0, kSegmentHeaderBytes, path); !there) return there.error();
  auto header = decode_segment({data->get(), kSegmentHeaderBytes});
  if (!header) return damaged;
  auto segment = std::make_shared<Segment>();
  segment->header = std::move(*header);
  segment->data = std::move(*data);
  segment->file_bytes = size;
  segment->mapped_bytes = std::max<std::size_t>(map_bytes, size);
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

// What can't be walked is not passed over: highs_ would stay behind, and positions above them pass for lost.
Status TopicView::walk(const Segment& segment, std::uint64_t from, std::uint64_t to) {
  const char* data = segment.data.get();
  const std::string path = segment_path(meta.spec.name, segment.header.number);
  std::uint64_t fetched_to = from;
  const auto fetch = [&](std::uint64_t wanted) {
    if (wanted <= fetched_to) return ok_status();
    const std::uint64_t until = std::min(std::max(wanted, fetched_to + kMappedBytes), to);
    Status there = fetch_pages(segment.data, fetched_to, until, path);
    if (there) fetched_to = until;
    return there;
  };
  while (from < to) {
    if (Status there = fetch(from + kGroupHeaderBytes); !there) return there;
    const auto group = group_at(data + from, to - from, segment.header.salt);
    if (!group) {
      return fatal("log_corrupt", path + " at byte " + std::to_string(from) +
                                      ": the group there is damaged. Restore the log's folder from a backup; "
                                      "nothing was skipped");
    }
    if (Status there = fetch(from + group->bytes); !there) return there;
    const char* at = data + from + kGroupHeaderBytes;
    for (std::uint32_t i = 0; i < group->records; ++i) {
      const RecordHeader record = record_at(at);
      if (record.partition < highs_.size()) highs_[record.partition] = record.offset + 1;
      at += record.bytes;
    }
    from += group->bytes;
  }
  return ok_status();
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
    const bool closed = number < synced.segment;
    const auto known =
        std::lower_bound(segments_.begin(), segments_.end(), number,
                         [](const auto& s, std::uint64_t wanted) { return s->header.number < wanted; });
    // A compacted segment has the number of the last one that it replaces.
    const bool kept = known != segments_.end() && (*known)->header.number == number &&
                      !(closed && meta.spec.compacted) &&
                      !(closed && (*known)->mapped_bytes > (*known)->file_bytes);
    if (kept) {
      now.push_back(*known);
      continue;
    }
    auto segment = open_segment(files, folder + "/" + name, closed ? 0 : kOpenSegmentBytes);
    if (!segment) return segment.error();
    if ((*segment)->header.incarnation != meta.incarnation)
      return fatal("other_incarnation", folder + " holds another incarnation of the topic");
    now.push_back(std::move(*segment));
  }
  for (std::size_t i = 0; i + 1 < now.size(); ++i) {
    const SegmentHeader &own = now[i]->header, &next = now[i + 1]->header;
    // Names that were listed while others went.
    if (!meta.spec.compacted && next.number != own.number + 1)
      return retryable("not_found", folder + " changed while it was listed");
    now[i]->end.store(own.end != 0 ? own.end : next.previous_end, std::memory_order_release);
  }
  // Whoever reads the segment that was open at the last look learns where it ended, also when a compacted one
  // has come in its place.
  for (const auto& segment : now) {
    if (!segments_.empty() && segment->header.replaces_from == segments_.back()->header.number + 1)
      segments_.back()->end.store(segment->header.previous_end, std::memory_order_release);
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
  if (Status walked = walk(last, seen_.end, synced->end); !walked) return walked.error();
  last.end.store(synced->end, std::memory_order_release);
  seen_ = *synced;
  if (seen_.end >= forgotten_to_ + kMappedBytes) {
    forget_pages(last.data, forgotten_to_, seen_.end);
    forgotten_to_ = seen_.end;
  }
  return true;
}

}  // namespace plumbline::log::embedded
