// Opening a topic after any kind of end. A group is begun only after the one before it was synced, so at most
// the last one can be torn: it is cut. Damage anywhere else is loss of acknowledged records and stops the log
// by name.
#include <algorithm>

#include "core/log/embedded/journal.h"

namespace plumbline::log::embedded {
namespace {

Error damage(const std::string& path, std::uint64_t at, const std::string& what) {
  return fatal("log_corrupt",
               path + " at byte " + std::to_string(at) + ": " + what +
                   "; acknowledged records are damaged. Restore the log's folder from a backup, or move the "
                   "topic's folder away (its positions are then reported as lost)");
}

}  // namespace

Result<std::unique_ptr<Journal>> Journal::recover(Files& files, const std::string& topic,
                                                  const JournalOptions& options) {
  auto text = files.read(topic_folder(topic) + "/topic");
  if (!text) return text.error();
  auto meta = decode_meta(topic, *text);
  if (!meta) return meta.error();
  std::unique_ptr<Journal> journal(new Journal(files, *meta, options));
  // Names, too, may be in memory only: of an owner that died, or failed, between a rename and its sync.
  for (const std::string& names : {journal->folder(), std::string("topics"), std::string()}) {
    if (Status s = files.sync_folder(names); !s) return s.error();
  }
  if (Status s = journal->open_all(); !s) return s.error();
  if (Status s = journal->scan_last(); !s) return s.error();
  return journal;
}

Status Journal::open_all() {
  auto names = files_.list(folder());
  if (!names) return names.error();
  std::vector<std::shared_ptr<Segment>> all;
  for (const std::string& name : *names) {
    const std::string path = folder() + "/" + name;
    if (name.ends_with(".tmp")) {
      if (Status s = files_.remove(path); !s) return s;
      continue;
    }
    if (!name.ends_with(".segment")) continue;
    auto segment = open_segment(files_, path, options_.segment_bytes);
    if (!segment) return segment.error();
    if ((*segment)->header.incarnation != meta_.incarnation ||
        (*segment)->header.first_offsets.size() != next_.size()) {
      return damage(path, 0, "the segment belongs to another topic");
    }
    all.push_back(std::move(*segment));
  }
  if (all.empty()) return damage(folder(), 0, "no segment is left");
  // A crash right after a compaction leaves what it replaced.
  std::uint64_t replaced_below = 0;
  std::uint64_t replaced_from = 0;
  for (const auto& s : all) {
    if (s->header.replaces_from < s->header.number) {
      replaced_from = s->header.replaces_from;
      replaced_below = s->header.number;
    }
  }
  for (auto it = all.begin(); it != all.end();) {
    const std::uint64_t number = (*it)->header.number;
    if (number >= replaced_from && number < replaced_below) {
      if (Status s = files_.remove(segment_path(meta_.spec.name, number)); !s) return s;
      it = all.erase(it);
    } else {
      ++it;
    }
  }
  for (std::size_t i = 0; i + 1 < all.size(); ++i) {
    const SegmentHeader& next = all[i + 1]->header;
    if (next.replaces_from != all[i]->header.number + 1) {
      return damage(segment_path(meta_.spec.name, all[i]->header.number + 1), 0, "the segment is missing");
    }
    const SegmentHeader& own = all[i]->header;
    all[i]->end = own.end != 0 ? own.end : next.previous_end;
    if (all[i]->end > all[i]->file_bytes) {
      return damage(segment_path(meta_.spec.name, own.number), all[i]->file_bytes, "the file is cut short");
    }
    all[i]->newest_ms = next.previous_newest_ms;
  }
  segment_ = all.back();
  view_->set_segments(std::move(all));
  return ok_status();
}

Status Journal::scan_last() {
  const std::string path = segment_path(meta_.spec.name, segment_->header.number);
  auto file = files_.open(path, false);
  if (!file) return file.error();
  file_ = std::move(*file);
  auto ahead = files_.open(path, false);
  if (!ahead) return ahead.error();
  ahead_ = std::move(*ahead);
  const std::uint64_t size = file_->size();
  const char* data = segment_->data.get();
  if (Status there = fetch_pages(segment_->data, 0, size, path); !there) return there;
  next_ = segment_->header.first_offsets;
  next_group_ = segment_->header.first_group;
  std::uint64_t at = kSegmentHeaderBytes;
  while (at < size) {
    const auto group = group_at(data + at, size - at, segment_->header.salt);
    if (!group || group->number != next_group_ || !body_holds(data + at, *group, segment_->header.salt))
      break;
    const char* record = data + at + kGroupHeaderBytes;
    for (std::uint32_t i = 0; i < group->records; ++i) {
      const RecordHeader h = record_at(record);
      next_[h.partition] = h.offset + 1;
      newest_ms_ = std::max(newest_ms_, h.timestamp_ms);
      record += h.bytes;
    }
    at += group->bytes;
    ++next_group_;
  }
  if (Status s = check_damage(at, size); !s) return s;
  if (Status s = write_again(at); !s) return s;
  if (Status s = cut_tail(at, size); !s) return s;
  end_ = at;
  prepared_ = size;
  forget_pages(segment_->data, 0, size);
  return publish();
}

Status Journal::check_damage(std::uint64_t from, std::uint64_t size) {
  const std::string path = segment_path(meta_.spec.name, segment_->header.number);
  const char* data = segment_->data.get();
  for (std::uint64_t at = from; at + kGroupHeaderBytes <= size; at += 8) {
    const auto group = group_at(data + at, size - at, segment_->header.salt);
    if (group && group->number > next_group_)
      return damage(path, from, "a group is damaged and later ones are whole");
  }
  auto file = files_.open(folder() + "/synced", true);
  if (!file) return file.error();
  synced_file_ = std::move(*file);
  auto text = files_.read(folder() + "/synced");
  if (!text) return text.error();
  const auto synced = decode_synced(*text);
  const std::uint64_t number = segment_->header.number;
  if (synced && (synced->segment > number || (synced->segment == number && synced->end > from))) {
    return damage(path, from,
                  "records up to segment " + std::to_string(synced->segment) + " byte " +
                      std::to_string(synced->end) + " were synced and are gone");
  }
  if (synced && synced->segment == number) synced_before_ = synced->end;
  return ok_status();
}

// After a failed sync the page cache may hold groups that the disk has not and that no later sync would
// write: they read well now and would be gone after a power cut. Written once more, they are.
Status Journal::write_again(std::uint64_t to) {
  if (synced_before_ >= to) return ok_status();
  return file_->write_at(synced_before_, {segment_->data.get() + synced_before_, to - synced_before_});
}

Status Journal::cut_tail(std::uint64_t from, std::uint64_t size) {
  const char* data = segment_->data.get();
  std::uint64_t last = size;
  while (last > from && data[last - 1] == 0) --last;
  if (last > from) {
    cut_bytes_ = last - from;
    const std::vector<char> zeros(last - from);
    if (Status s = file_->write_at(from, zeros); !s) return s;
  }
  // Also without a tail: a killed process leaves whole groups that only the page cache holds.
  return file_->sync();
}

}  // namespace plumbline::log::embedded
