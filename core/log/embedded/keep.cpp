// What a topic keeps: retention by age and size, compaction.
#include <algorithm>
#include <unordered_map>

#include "core/log/embedded/journal.h"

namespace plumbline::log::embedded {
namespace {

template <class Visit>
Status each_record(const Segment& segment, const std::string& path, Visit visit) {
  const char* data = segment.data.get();
  const std::uint64_t end = segment.end.load(std::memory_order_acquire);
  if (Status there = fetch_pages(segment.data, 0, end, path); !there) return there;
  for (std::uint64_t at = kSegmentHeaderBytes; at < end;) {
    const auto group = group_at(data + at, end - at, segment.header.salt);
    if (!group || !body_holds(data + at, *group, segment.header.salt)) {
      return fatal("log_corrupt", path + " at byte " + std::to_string(at) +
                                      ": checksum; not compacted. Restore it from a backup");
    }
    const char* record = data + at + kGroupHeaderBytes;
    for (std::uint32_t i = 0; i < group->records; ++i) {
      const RecordHeader h = record_at(record);
      visit(record, h);
      record += h.bytes;
    }
    at += group->bytes;
  }
  forget_pages(segment.data, 0, end);
  return ok_status();
}

std::string identity(const char* record, const RecordHeader& h) {
  std::string id(reinterpret_cast<const char*>(&h.partition), sizeof h.partition);
  return id.append(key_at(record, h));
}

}  // namespace

Status Journal::drop_oldest() {
  auto all = view_->segments();
  const std::uint64_t number = all.front()->header.number;
  all.erase(all.begin());
  // The file first: were it left behind, the next one's removal would look like a hole. Readers keep their
  // mapping.
  if (Status s = files_.remove(segment_path(meta_.spec.name, number)); !s) return s;
  view_->set_segments(std::move(all));
  return sync_names();
}

Status Journal::keep(std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  if (failed_) return ok_status();
  if (meta_.spec.compacted) return compact(now_ms);
  const std::int64_t age = meta_.spec.retention.count();
  const bool has_records = end_ > kSegmentHeaderBytes;
  Status closed = ok_status();
  if (age > 0 && has_records && newest_ms_ < now_ms - age) closed = roll();
  if (failed_) return closed;
  while (true) {  // also when a full disk kept it from being closed: this is what frees space
    const auto all = view_->segments();
    if (all.size() < 2) return closed;
    std::uint64_t bytes = 0;
    for (const auto& s : all) bytes += s->end.load() - kSegmentHeaderBytes;
    const std::uint64_t oldest = all.front()->end.load() - kSegmentHeaderBytes;
    const auto bound = static_cast<std::uint64_t>(std::max<std::int64_t>(meta_.spec.retention_bytes, 0)) *
                       static_cast<std::uint64_t>(meta_.spec.partitions);
    const bool old = age > 0 && all.front()->newest_ms < now_ms - age;
    const bool large = meta_.spec.retention_bytes >= 0 && bytes - oldest >= bound;
    if (!old && !large) return closed;
    if (Status s = drop_oldest(); !s) return s;
  }
}

Status Journal::compact(std::int64_t now_ms) {
  if (end_ - kSegmentHeaderBytes >= options_.compact_bytes_min) {
    if (Status s = roll(); !s) return s;
  }
  auto closed = view_->segments();
  closed.pop_back();
  if (closed.empty() || (closed.size() == 1 && closed.front()->header.end != 0)) return ok_status();
  return write_compacted(closed, now_ms);
}

Status Journal::write_compacted(const std::vector<std::shared_ptr<Segment>>& closed, std::int64_t now_ms) {
  std::unordered_map<std::string, std::int64_t> newest;
  for (const auto& s : view_->segments()) {
    Status read =
        each_record(*s, segment_path(meta_.spec.name, s->header.number),
                    [&](const char* r, const RecordHeader& h) { newest[identity(r, h)] = h.offset; });
    if (!read) return read;
  }
  SegmentHeader header = closed.front()->header;  // begins where the first began
  header.replaces_from = closed.front()->header.replaces_from;
  header.number = closed.back()->header.number;
  header.salt = static_cast<std::uint32_t>(salts_());
  std::string out(kSegmentHeaderBytes, '\0');
  std::uint64_t number = header.first_group;
  constexpr std::size_t kGroupBytes = std::size_t{1} << 20;
  std::vector<char> group(kGroupHeaderBytes);
  std::uint32_t records = 0;
  const auto flush = [&] {
    if (records == 0) return;
    seal_group(group.data(), header.salt, number++, static_cast<std::uint32_t>(group.size()), records);
    out.append(group.data(), group.size());
    group.assign(kGroupHeaderBytes, '\0');
    records = 0;
  };
  for (const auto& s : closed) {
    Status read = each_record(
        *s, segment_path(meta_.spec.name, s->header.number), [&](const char* r, const RecordHeader& h) {
          if (newest[identity(r, h)] != h.offset) return;
          if (h.value_bytes == 0 && h.timestamp_ms < now_ms - options_.tombstone_keep_ms) return;
          group.insert(group.end(), r, r + h.bytes);
          ++records;
          if (group.size() >= kGroupBytes) flush();
        });
    if (!read) return read;
  }
  flush();
  header.end = out.size();
  out.replace(0, kSegmentHeaderBytes, encode(header));
  const std::string path = segment_path(meta_.spec.name, header.number);
  if (Status s = files_.remove(path + ".tmp"); !s) return s;
  auto file = files_.open(path + ".tmp", true);
  if (!file) return file.error();
  if (Status s = (*file)->write_at(0, out); !s) return s;
  if (Status s = sync_new(**file); !s) return s;
  auto segment = open_segment(files_, path + ".tmp", out.size());
  if (!segment) return segment.error();
  if (Status s = files_.rename(path + ".tmp", path); !s) return s;
  if (Status s = sync_names(); !s) return s;
  (*segment)->end = header.end;
  view_->set_segments({*segment, segment_});
  for (std::size_t i = 0; i + 1 < closed.size(); ++i) {
    if (Status s = files_.remove(segment_path(meta_.spec.name, closed[i]->header.number)); !s) return s;
  }
  return sync_names();
}

}  // namespace plumbline::log::embedded
