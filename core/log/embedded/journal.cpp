#include "core/log/embedded/journal.h"

#include <algorithm>
#include <random>

namespace plumbline::log::embedded {

Journal::Journal(Files& files, TopicMeta meta, const JournalOptions& options)
    : files_(files), meta_(std::move(meta)), options_(options), view_(std::make_shared<TopicView>(meta_)) {
  next_.resize(static_cast<std::size_t>(meta_.spec.partitions));
}

Result<std::unique_ptr<Journal>> Journal::create(Files& files, const TopicMeta& meta, const JournalOptions& options) {
  std::unique_ptr<Journal> journal(new Journal(files, meta, options));
  if (Status s = files.make_folder("topics"); !s) return s.error();
  if (Status s = files.make_folder(journal->folder()); !s) return s.error();
  if (Status s = journal->start_segment(1); !s) return s.error();
  auto synced = files.open(journal->folder() + "/synced", true);
  if (!synced) return synced.error();
  journal->synced_file_ = std::move(*synced);
  if (Status s = journal->publish(); !s) return s.error();
  // Last: a folder without this file is a topic that was never made.
  if (Status s = write_whole(files, journal->folder(), "topic", encode(meta)); !s) return s.error();
  if (Status s = files.sync_folder("topics"); !s) return s.error();
  if (Status s = files.sync_folder(""); !s) return s.error();
  return journal;
}

Status Journal::start_segment(std::uint64_t number) {
  SegmentHeader header;
  header.number = number;
  header.replaces_from = number;
  header.first_group = next_group_;
  header.previous_end = end_.load();
  header.previous_newest_ms = newest_ms_;
  header.salt = std::random_device{}();
  header.incarnation = meta_.incarnation;
  header.first_offsets = next_;
  const std::string path = segment_path(meta_.spec.name, number);
  if (Status s = files_.remove(path + ".tmp"); !s) return s;
  auto file = files_.open(path + ".tmp", true);
  if (!file) return file.error();
  std::string first = encode(header);
  first.resize(kSegmentHeaderBytes + std::min<std::uint64_t>(std::uint64_t{64} << 10, options_.zero_chunk_bytes), '\0');
  if (Status s = (*file)->write_at(0, first); !s) return s;
  if (Status s = (*file)->sync(); !s) return s;
  if (Status s = files_.rename(path + ".tmp", path); !s) return s;
  if (Status s = files_.sync_folder(folder()); !s) return s;
  auto segment = open_segment(files_, path, options_.segment_bytes);
  if (!segment) return segment.error();
  const std::lock_guard lock(zero_mutex_);
  segment_ = *segment;
  file_ = std::move(*file);
  prepared_ = first.size();
  end_ = kSegmentHeaderBytes;
  newest_ms_ = 0;
  auto all = view_->segments();
  all.push_back(segment_);
  view_->set_segments(std::move(all));
  return ok_status();
}

Status Journal::roll() {
  const std::uint64_t number = segment_->header.number + 1;
  // What was appended since the last sync must not be left behind in a closed segment.
  if (Status s = file_->sync(); !s) {
    failed_ = true;  // final: also when retention closes the segment
    return s;
  }
  if (Status s = publish(); !s) return s;
  if (Status s = start_segment(number); !s) return s;
  return publish();
}

Status Journal::zero_to(std::uint64_t end) {
  static const std::vector<char> zeros(std::size_t{1} << 20);
  end = std::min(std::max(end, prepared_ + options_.zero_chunk_bytes), std::max(options_.segment_bytes, end));
  if (end <= prepared_) return ok_status();
  for (std::uint64_t at = prepared_; at < end; at += zeros.size()) {
    const std::size_t n = std::min<std::uint64_t>(zeros.size(), end - at);
    if (Status s = file_->write_at(at, std::span(zeros).first(n)); !s) return s;
  }
  // A failed sync here is as final as any: the kernel may have dropped appended pages with it.
  if (Status s = file_->sync(); !s) return s;
  prepared_ = end;
  return ok_status();
}

Status Journal::prepare_ahead() {
  const std::lock_guard lock(zero_mutex_);
  if (end_ == kSegmentHeaderBytes && prepared_ > end_) return ok_status();  // nothing came yet: stay small
  if (prepared_ >= options_.segment_bytes || prepared_ - end_ >= options_.zero_chunk_bytes) return ok_status();
  return zero_to(prepared_);
}

Status Journal::append(std::span<Pending> records) {
  const std::lock_guard lock(mutex_);
  if (failed_) return fatal("log_failed", "an earlier write to topic " + meta_.spec.name + " failed: restart to recover");
  std::uint64_t bytes = kGroupHeaderBytes;
  for (const Pending& r : records) bytes += r.size;
  if (bytes > group_bytes_max()) return retryable("no_space", "a group larger than a segment: raise embedded.segment_bytes");
  if (end_ + bytes > options_.segment_bytes && end_ > kSegmentHeaderBytes) {
    if (Status s = roll(); !s) {
      failed_ = s.error().fault == Fault::kFatal;
      return s;
    }
  }
  {
    const std::lock_guard zero(zero_mutex_);
    if (end_ + bytes > prepared_) {
      if (Status s = zero_to(end_ + bytes); !s) {
        failed_ = s.error().fault == Fault::kFatal;
        return s;
      }
    }
  }
  group_.resize(bytes);
  char* to = group_.data() + kGroupHeaderBytes;
  std::int64_t newest = newest_ms_;
  for (Pending& r : records) {
    r.offset = next_[static_cast<std::size_t>(r.partition)]++;
    set_offset(r.bytes, r.offset);
    newest = std::max(newest, record_at(r.bytes).timestamp_ms);
    std::memcpy(to, r.bytes, r.size);
    to += r.size;
  }
  seal_group(group_.data(), segment_->header.salt, next_group_, static_cast<std::uint32_t>(bytes),
             static_cast<std::uint32_t>(records.size()));
  if (Status s = file_->write_at(end_, group_); !s) {
    for (Pending& r : records) --next_[static_cast<std::size_t>(r.partition)];
    failed_ = s.error().code != "no_space";
    return s;
  }
  end_ += bytes;
  ++next_group_;
  newest_ms_ = newest;
  return ok_status();
}

Status Journal::sync() {
  const std::lock_guard lock(mutex_);
  if (failed_) return fatal("log_failed", "an earlier write to topic " + meta_.spec.name + " failed: restart to recover");
  Status synced = file_->sync();
  if (!synced) {
    failed_ = true;
    return synced.error();
  }
  if (Status s = publish(); !s) {
    failed_ = true;
    return s;
  }
  return ok_status();
}

Status Journal::publish() {
  segment_->newest_ms = newest_ms_;
  view_->publish(*segment_, end_, next_);
  return synced_file_->write_at(0, encode(Synced{segment_->header.number, end_}));
}

Status Journal::set_spec(const TopicSpec& spec) {
  const std::lock_guard lock(mutex_);
  meta_.spec.retention = spec.retention;
  meta_.spec.retention_bytes = spec.retention_bytes;
  meta_.spec.record_bytes_max = spec.record_bytes_max;
  return write_whole(files_, folder(), "topic", encode(meta_));
}

}  // namespace plumbline::log::embedded
