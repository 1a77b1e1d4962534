#include "core/log/embedded/journal.h"

#include <algorithm>

namespace plumbline::log::embedded {
namespace {

constexpr std::uint64_t kZeroPieceBytes = std::uint64_t{64} << 10;  // at a time while a disk fills up

}  // namespace

Journal::Journal(Files& files, TopicMeta meta, const JournalOptions& options)
    : files_(files),
      meta_(std::move(meta)),
      options_(options),
      view_(std::make_shared<TopicView>(meta_)),
      salts_(options.salt_seed ? *options.salt_seed : std::random_device{}()) {
  next_.resize(static_cast<std::size_t>(meta_.spec.partitions));
}

Result<std::unique_ptr<Journal>> Journal::create(Files& files, const TopicMeta& meta,
                                                 const JournalOptions& options) {
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
  header.salt = static_cast<std::uint32_t>(salts_());
  header.incarnation = meta_.incarnation;
  header.first_offsets = next_;
  const std::string path = segment_path(meta_.spec.name, number);
  if (Status s = files_.remove(path + ".tmp"); !s) return s;
  auto file = files_.open(path + ".tmp", true);
  if (!file) return file.error();
  std::string first = encode(header);
  first.resize(
      kSegmentHeaderBytes + std::min<std::uint64_t>(std::uint64_t{64} << 10, options_.zero_chunk_bytes),
      '\0');
  if (Status s = (*file)->write_at(0, first); !s) return s;
  if (Status s = sync_new(**file); !s) return s;
  // Everything that may fail harmlessly comes before the rename: with the successor in place, nothing may be
  // appended to the old segment any more.
  auto segment = open_segment(files_, path + ".tmp", options_.segment_bytes);
  if (!segment) return segment.error();
  auto ahead = files_.open(path + ".tmp", false);
  if (!ahead) return ahead.error();
  if (Status s = files_.rename(path + ".tmp", path); !s) return s;
  if (Status s = sync_names(); !s) return s;
  const std::lock_guard lock(zero_mutex_);
  segment_ = *segment;
  file_ = std::move(*file);
  ahead_ = std::move(*ahead);
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
  if (Status s = final_unless_ok(file_->sync()); !s) return s;
  if (Status s = publish(); !s) return s;
  if (Status s = start_segment(number); !s) return s;
  return publish();
}

Status Journal::final_unless_ok(Status status) {
  if (!status) failed_ = true;
  return status;
}

// A file that nothing rests on yet: a full disk there may heal, anything else says that the disk can't be
// trusted.
Status Journal::sync_new(File& file) {
  Status synced = file.sync();
  return !synced && synced.error().code == "no_space" ? synced : final_unless_ok(std::move(synced));
}

// After a rename or removal: nobody knows which names the disk has when this fails.
Status Journal::sync_names() {
  return final_unless_ok(files_.sync_folder(folder()));
}

Error Journal::refused() const {
  return fatal("log_failed", "an earlier write to topic " + meta_.spec.name + " failed: restart to recover");
}

Status Journal::zero_to(File& file, std::uint64_t needed) {
  const std::uint64_t end = std::min(std::max(needed, prepared_.load() + options_.zero_chunk_bytes),
                                     std::max(options_.segment_bytes, needed));
  if (end <= prepared_) return ok_status();
  std::uint64_t at = prepared_;
  Status written = ok_status();
  std::uint64_t piece = end - at;
  while (at < end) {
    const std::uint64_t n = std::min(piece, end - at);
    written = file.write_zeros(at, n);
    if (written) {
      at += n;
    } else if (written.error().code == "no_space" && piece > kZeroPieceBytes) {
      piece = kZeroPieceBytes;  // what room there is, is used
    } else {
      break;
    }
  }
  if (!written && written.error().code != "no_space") return final_unless_ok(std::move(written));
  if (at == prepared_) return written;  // no room at all: nothing to sync
  // A failed sync here is as final as any: the kernel may have dropped appended pages with it.
  if (Status s = final_unless_ok(file.sync()); !s) return s;
  prepared_ = at;  // on a full disk, what there was
  return at >= needed ? ok_status() : written;
}

Status Journal::prepare_ahead() {
  const std::lock_guard lock(zero_mutex_);
  if (failed_) return refused();
  if (end_ == kSegmentHeaderBytes && prepared_ > end_) return ok_status();  // nothing came yet: stay small
  if (!wants_ahead()) return ok_status();
  return zero_to(*ahead_, prepared_ + 1);
}

Status Journal::append(std::span<Pending> records) {
  const std::lock_guard lock(mutex_);
  if (failed_) return refused();
  std::uint64_t bytes = kGroupHeaderBytes;
  for (const Pending& r : records) bytes += r.size;
  if (bytes - kGroupHeaderBytes > options_.group_bytes_max())
    return retryable("no_space", "a group larger than a segment: raise embedded.segment_bytes");
  if (end_ + bytes > options_.segment_bytes && end_ > kSegmentHeaderBytes) {
    if (Status s = roll(); !s) return s.error().code == "no_space" ? s : final_unless_ok(std::move(s));
  }
  if (end_ + bytes > prepared_) {  // else without the lock: the zero filler may hold it for long
    const std::lock_guard zero(zero_mutex_);
    if (end_ + bytes > prepared_) {
      if (Status s = zero_to(*file_, end_ + bytes); !s) return s;
    }
  }
  // To the end of its last block, over the zeros there: a block that is written in part would be read first.
  const std::uint64_t block_end = (end_ + bytes + kBlockBytes - 1) / kBlockBytes * kBlockBytes;
  const std::uint64_t written = std::min(block_end, prepared_.load()) - end_;
  std::int64_t newest = newest_ms_;
  pieces_.assign(1, header_);
  for (Pending& r : records) {
    r.offset = next_[static_cast<std::size_t>(r.partition)]++;
    set_offset(r.bytes, r.offset);
    newest = std::max(newest, record_at(r.bytes).timestamp_ms);
    if (pieces_.size() > 1 && pieces_.back().data() + pieces_.back().size() == r.bytes) {
      pieces_.back() = {pieces_.back().data(), pieces_.back().size() + r.size};
    } else {
      pieces_.push_back({r.bytes, r.size});
    }
  }
  seal_group(header_.data(), std::span(pieces_).subspan(1), segment_->header.salt, next_group_,
             static_cast<std::uint32_t>(records.size()));
  static constexpr std::array<char, kBlockBytes> kZeros{};
  if (written > bytes) pieces_.push_back(std::span(kZeros).first(written - bytes));
  if (Status s = file_->write_pieces(end_, pieces_); !s) {
    for (Pending& r : records) --next_[static_cast<std::size_t>(r.partition)];
    if (s.error().code != "no_space") return final_unless_ok(std::move(s));
    // What is missing may be zeros that were there before: the group may read as whole until the next one
    // replaces it.
    return retryable("unfinished", s.error().message);
  }
  end_ += bytes;
  ++next_group_;
  newest_ms_ = newest;
  return ok_status();
}

Status Journal::sync() {
  const std::lock_guard lock(mutex_);
  if (failed_) return refused();
  if (Status s = final_unless_ok(file_->sync()); !s) return s;
  if (failed_) return refused();  // the zero filler met the failure meanwhile
  // On a full disk only other processes wait, for the watermark: the next group brings it.
  Status published = publish();
  return published || published.error().code == "no_space" ? ok_status()
                                                           : final_unless_ok(std::move(published));
}

Status Journal::publish() {
  segment_->newest_ms = newest_ms_;
  view_->publish(*segment_, end_, next_);
  return synced_file_->write_at(0, encode(Synced{segment_->header.number, end_}));
}

TopicSpec Journal::spec() {
  const std::lock_guard lock(mutex_);
  return meta_.spec;
}

Status Journal::set_spec(const TopicSpec& spec) {
  const std::lock_guard lock(mutex_);
  meta_.spec.retention = spec.retention;
  meta_.spec.retention_bytes = spec.retention_bytes;
  meta_.spec.record_bytes_max = spec.record_bytes_max;
  return write_whole(files_, folder(), "topic", encode(meta_));
}

}  // namespace plumbline::log::embedded
