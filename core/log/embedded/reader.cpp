#include "core/log/embedded/reader.h"

#include <algorithm>

namespace plumbline::log::embedded {
namespace {

// What was read and stays mapped of a segment; more of it costs memory and saves nothing.
constexpr std::uint64_t kMappedBytes = std::uint64_t{2} << 20;
// Whether topics are still those that they were is looked at no more often; also while another one's records
// come.
constexpr std::chrono::milliseconds kLookInterval{200};
// Asked for at once.
constexpr std::uint64_t kFetchBytes = std::uint64_t{256} << 10;

constexpr const char* kOtherIncarnation = "belongs to another incarnation of the topic";

Error lost(const TopicPartition& at, std::int64_t offset, const Watermarks& marks, const std::string& why) {
  return fatal("position_lost", at.topic + "/" + std::to_string(at.partition) + ": position " +
                                    std::to_string(offset) + " " + why + "; the log holds offsets " +
                                    std::to_string(marks.low) + " to " + std::to_string(marks.high) +
                                    " (exclusive). Records in between are lost to this reader");
}

}  // namespace

Status JournalReader::add(const StartPosition& from) {
  auto view = views_->find(from.at.topic);
  if (!view) return view.error();
  if (from.at.partition < 0 || from.at.partition >= (*view)->meta.spec.partitions) {
    return fatal("unknown_partition",
                 from.at.topic + " has no partition " + std::to_string(from.at.partition));
  }
  const Watermarks marks = (*view)->watermarks(from.at.partition);
  const std::int64_t offset = from.offset.value_or(marks.low);
  if (!from.incarnation.empty() && from.incarnation != (*view)->meta.incarnation.to_string()) {
    return lost(from.at, offset, marks, kOtherIncarnation);
  }
  if (offset > marks.high) return lost(from.at, offset, marks, "lies past the end");
  if (offset < marks.low) return lost(from.at, offset, marks, "lies below retention");
  Cursor& cursor = cursors_[from.at.topic];
  if (cursor.view && cursor.view->meta.incarnation != (*view)->meta.incarnation)
    return lost(from.at, offset, marks, kOtherIncarnation);
  if (!cursor.view) {
    cursor.view = *view;
    cursor.wanted.assign(static_cast<std::size_t>((*view)->meta.spec.partitions), -1);
  }
  cursor.wanted[static_cast<std::size_t>(from.at.partition)] = offset;
  return place(cursor);
}

void JournalReader::remove(const TopicPartition& at) {
  const auto cursor = cursors_.find(at.topic);
  if (cursor == cursors_.end()) return;
  auto& wanted = cursor->second.wanted;
  if (static_cast<std::size_t>(at.partition) >= wanted.size()) return;  // of a topic made anew with more
  wanted[static_cast<std::size_t>(at.partition)] = -1;
  if (std::all_of(wanted.begin(), wanted.end(), [](auto o) { return o < 0; })) cursors_.erase(cursor);
}

Status JournalReader::same_topics() {
  for (const auto& [topic, cursor] : cursors_) {
    auto view = views_->find(topic);
    if (!view) return view.error();
    if ((*view)->meta.incarnation == cursor.view->meta.incarnation) continue;
    for (std::size_t p = 0; p < cursor.wanted.size(); ++p) {
      if (cursor.wanted[p] < 0) continue;
      const TopicPartition at{topic, static_cast<std::int32_t>(p)};
      const bool there = at.partition < (*view)->meta.spec.partitions;
      return lost(at, cursor.wanted[p], there ? (*view)->watermarks(at.partition) : Watermarks{},
                  kOtherIncarnation);
    }
  }
  return ok_status();
}

void JournalReader::begin(Cursor& cursor, std::shared_ptr<Segment> segment) {
  cursor.segment = std::move(segment);
  cursor.at = kSegmentHeaderBytes;
  cursor.group_end = 0;
  cursor.mapped_from = 0;
  cursor.fetched_to = 0;
}

// What is wanted of a partition is in the segment or behind it. What retention took is lost, whoever else's
// partition it was that made the walk begin anew; a compacted topic has no more than what it kept.
Status JournalReader::begins_by(Cursor& cursor, std::size_t partition, const Segment& segment) {
  std::int64_t& wanted = cursor.wanted[partition];
  const std::int64_t first = segment.header.first_offsets[partition];
  if (wanted < 0 || wanted >= first) return ok_status();
  if (cursor.view->meta.spec.compacted) {
    wanted = first;
    return ok_status();
  }
  const TopicPartition at{cursor.view->meta.spec.name, static_cast<std::int32_t>(partition)};
  return lost(at, wanted, cursor.view->watermarks(at.partition), "was passed by retention");
}

// One walk serves all partitions: it begins at the oldest record that any of them wants.
Status JournalReader::place(Cursor& cursor) {
  std::shared_ptr<Segment> oldest;
  begin(cursor, nullptr);
  for (std::size_t p = 0; p < cursor.wanted.size(); ++p) {
    if (cursor.wanted[p] < 0) continue;
    auto segment = cursor.view->containing(static_cast<std::int32_t>(p), cursor.wanted[p]);
    if (!segment) continue;
    if (Status there = begins_by(cursor, p, *segment); !there) return there;
    if (!oldest || segment->header.number < oldest->header.number) oldest = std::move(segment);
  }
  begin(cursor, std::move(oldest));
  return ok_status();
}

Status JournalReader::fetch(Cursor& cursor, std::uint64_t to) {
  if (to <= cursor.fetched_to) return ok_status();
  const std::uint64_t from = std::max(cursor.fetched_to, cursor.at);
  to = std::min(std::max(to, from + kFetchBytes), cursor.segment->end.load(std::memory_order_acquire));
  Status there = fetch_pages(cursor.segment->data, from, to,
                             segment_path(cursor.view->meta.spec.name, cursor.segment->header.number));
  if (there) cursor.fetched_to = to;
  return there;
}

// Where no view of them is out any more.
void JournalReader::forget_read(Cursor& cursor, std::uint64_t bytes_min) {
  if (!cursor.segment || cursor.at < cursor.mapped_from + bytes_min) return;
  forget_pages(cursor.segment->data, cursor.mapped_from, cursor.at);
  cursor.mapped_from = cursor.at;
}

Status JournalReader::seek(const TopicPartition& at, std::int64_t offset) {
  return add({at, offset, ""});
}

std::vector<TopicPartition> JournalReader::assignment() const {
  std::vector<TopicPartition> all;
  for (const auto& [topic, cursor] : cursors_) {
    for (std::size_t p = 0; p < cursor.wanted.size(); ++p) {
      if (cursor.wanted[p] >= 0) all.push_back({topic, static_cast<std::int32_t>(p)});
    }
  }
  return all;
}

Result<bool> JournalReader::next_segment(Cursor& cursor) {
  // Looked up before the end is looked at again: a segment is closed before its successor can be found.
  auto next = cursor.view->first_after(cursor.segment->header.number);
  if (!next || cursor.at < cursor.segment->end.load(std::memory_order_acquire))
    return static_cast<bool>(next);
  for (std::size_t p = 0; p < cursor.wanted.size(); ++p) {
    if (Status there = begins_by(cursor, p, *next); !there) return there.error();
  }
  if (held_.empty() || held_.back() != cursor.segment) {
    forget_read(cursor, 0);  // none of it was given out
  } else {
    left_.push_back({cursor.segment, cursor.mapped_from, cursor.at});
  }
  begin(cursor, std::move(next));
  return true;
}

Result<bool> JournalReader::enter_group(Cursor& cursor) {
  if (!cursor.segment) {
    if (Status placed = place(cursor); !placed) return placed.error();
  }
  while (cursor.segment && cursor.at >= cursor.segment->end.load(std::memory_order_acquire)) {
    auto moved = next_segment(cursor);
    if (!moved) return moved.error();
    if (!*moved) return false;
  }
  if (!cursor.segment) return false;
  const std::uint64_t end = cursor.segment->end.load(std::memory_order_acquire);
  const char* at = cursor.segment->data.get() + cursor.at;
  if (Status there = fetch(cursor, cursor.at + kGroupHeaderBytes); !there) return there.error();
  const auto group = group_at(at, end - cursor.at, cursor.segment->header.salt);
  if (group) {
    if (Status there = fetch(cursor, cursor.at + group->bytes); !there) return there.error();
  }
  if (!group || !body_holds(at, *group, cursor.segment->header.salt)) {
    return fatal("log_corrupt",
                 segment_path(cursor.view->meta.spec.name, cursor.segment->header.number) + " at byte " +
                     std::to_string(cursor.at) +
                     ": checksum does not hold. Restore the log's folder from a backup; nothing was skipped");
  }
  cursor.group_end = cursor.at + group->bytes;
  cursor.at += kGroupHeaderBytes;
  return true;
}

void JournalReader::take(Cursor& cursor, const RecordHeader& h, const char* record) {
  cursor.wanted[h.partition] = h.offset + 1;
  ReadRecord out;
  out.topic = cursor.view->meta.spec.name;
  out.partition = static_cast<std::int32_t>(h.partition);
  out.offset = h.offset;
  out.timestamp_ms = h.timestamp_ms;
  out.key = key_at(record, h);
  out.value = value_at(record, h);
  records_.push_back(out);
  first_header_.push_back(headers_.size());
  if (h.headers > 0) headers_at(record, h, headers_);
  if (held_.empty() || held_.back() != cursor.segment) held_.push_back(cursor.segment);
}

Status JournalReader::collect(Cursor& cursor, std::size_t bytes_max, std::size_t& bytes) {
  while (bytes < bytes_max) {
    if (cursor.at >= cursor.group_end) {
      auto entered = enter_group(cursor);
      if (!entered) return entered.error();
      if (!*entered) return ok_status();
    }
    const char* data = cursor.segment->data.get();
    while (cursor.at < cursor.group_end && bytes < bytes_max) {
      const char* record = data + cursor.at;
      const RecordHeader h = record_at(record);
      const std::int64_t wanted = cursor.wanted[h.partition];
      if (wanted >= 0 && h.offset >= wanted) {
        take(cursor, h, record);
        bytes += std::max<std::size_t>(h.value_bytes, 1);
      }
      cursor.at += h.bytes;
    }
  }
  return ok_status();
}

Result<std::span<const ReadRecord>> JournalReader::poll(std::size_t bytes_max, std::chrono::milliseconds wait,
                                                        std::stop_token stop) {
  records_.clear();
  headers_.clear();
  first_header_.clear();
  held_.clear();
  for (const Left& left : left_) forget_pages(left.segment->data, left.from, left.to);
  left_.clear();
  for (auto& [topic, cursor] : cursors_) forget_read(cursor, kMappedBytes);
  const auto begun = std::chrono::steady_clock::now();
  if (begun >= next_look_) {
    if (Status same = same_topics(); !same) return same.error();
    next_look_ = begun + kLookInterval;
  }
  const auto until = begun + wait;
  while (true) {
    const std::uint64_t seen = views_->generation();
    std::size_t bytes = 0;
    for (auto& [topic, cursor] : cursors_) {
      if (Status s = collect(cursor, std::max<std::size_t>(bytes_max, 1), bytes); !s) {
        if (records_.empty()) return s.error();
        break;  // what was read is given first; the error comes back on the next poll
      }
    }
    if (!records_.empty() || stop.stop_requested() || std::chrono::steady_clock::now() >= until) break;
    awaited_.clear();
    for (const auto& [topic, cursor] : cursors_) awaited_.push_back(cursor.view.get());
    views_->wait(awaited_, seen, until, stop);
  }
  for (std::size_t i = 0; i < records_.size(); ++i) {
    const std::size_t end = i + 1 < records_.size() ? first_header_[i + 1] : headers_.size();
    records_[i].headers = std::span<const Header>(headers_).subspan(first_header_[i], end - first_header_[i]);
  }
  return std::span<const ReadRecord>(records_);
}

}  // namespace plumbline::log::embedded
