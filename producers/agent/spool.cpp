#include "producers/agent/spool.h"

#include <algorithm>
#include <future>

#include <fcntl.h>
#include <unistd.h>

#include "producers/agent/packing.h"

namespace plumbline::agent {
namespace {

// One group: bounds the memory of a write, and how long the first of it waits.
constexpr std::int64_t kGroupBytesMax = std::int64_t{4} << 20;
constexpr std::size_t kReadBytes = std::size_t{256} << 10;

std::int64_t bytes_of(const std::vector<Block>& blocks) {
  std::int64_t bytes = 0;
  for (const Block& block : blocks) bytes += static_cast<std::int64_t>(frame_bytes(block));
  return bytes;
}

std::int64_t items_of(const std::vector<Block>& blocks) {
  std::int64_t items = 0;
  for (const Block& block : blocks) items += block.items;
  return items;
}

Error full(std::int64_t bytes_max) {
  return retryable("spool_full", "the spool holds spool.bytes_max = " + std::to_string(bytes_max) +
                                     " bytes that are not sent yet; send again later, or raise it");
}

}  // namespace

Spool::~Spool() {
  if (thread_.joinable()) {
    thread_.request_stop();
    changed_.notify_all();
    thread_.join();
  }
}

void Spool::append(std::vector<Block> blocks, Done done) {
  const std::int64_t bytes = bytes_of(blocks), items = items_of(blocks);
  {
    const std::lock_guard lock(mutex_);
    if (bytes_ + admitted_bytes_ + bytes <= options_.bytes_max) {
      admitted_bytes_ += bytes;
      waiting_.push_back({std::move(blocks), items, bytes, std::move(done)});
      changed_.notify_all();
      return;
    }
    refused_ += items;
  }
  done(full(options_.bytes_max));
}

Status Spool::append(std::vector<Block> blocks) {
  if (blocks.empty()) return ok_status();
  auto promise = std::make_shared<std::promise<Status>>();
  auto future = promise->get_future();
  append(std::move(blocks), [promise](Status status) { promise->set_value(std::move(status)); });
  return future.get();
}

Status Spool::append(std::vector<Item> items) {
  std::vector<Block> blocks;
  blocks.reserve(items.size());
  for (Item& item : items) blocks.push_back(Block::of(std::move(item)));
  return append(std::move(blocks));
}

void Spool::run(const std::stop_token& stop) {
  for (;;) {
    std::vector<Waiting> group;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, stop, [this] { return !waiting_.empty(); });
      if (waiting_.empty()) return;  // stopped, and everything admitted is written
      std::int64_t bytes = 0;
      auto end = waiting_.begin();
      while (end != waiting_.end() && (end == waiting_.begin() || bytes + end->bytes <= kGroupBytesMax))
        bytes += (end++)->bytes;
      std::move(waiting_.begin(), end, std::back_inserter(group));
      waiting_.erase(waiting_.begin(), end);
    }
    const Status written = write_group(group);
    for (Waiting& one : group) one.done(written);
  }
}

Status Spool::write_group(const std::vector<Waiting>& group) {
  std::int64_t bytes = 0;
  std::int64_t items = 0;
  std::string frames;
  for (const Waiting& one : group) {
    bytes += one.bytes;
    items += one.items;
    for (const Block& block : one.blocks) append_frame(frames, block);
  }
  bool sync_failed = false;
  const auto write = [&]() -> Status {
    bool next = segment_bad_;
    {
      const std::lock_guard lock(mutex_);
      next = next || static_cast<std::int64_t>(synced_[segment_]) >= options_.segment_bytes;
    }
    if (next) {
      if (Status begun = begin_segment(segment_ + 1); !begun) return begun;
    }
    if (Status written = write_all(segment_fd_.get(), frames, path(segment_)); !written) return written;
    if (::fdatasync(segment_fd_.get()) == 0) return ok_status();
    sync_failed = true;
    return system_error("file", path(segment_));
  };
  const Status written = write();
  if (!written) undo_write(sync_failed);
  const std::lock_guard lock(mutex_);
  admitted_bytes_ -= bytes;
  if (!written) {
    refused_ += items;
    return retryable("spool_disk", "the spool can't be written: " + written.error().message);
  }
  synced_[segment_] += frames.size();
  bytes_ += bytes;
  items_ += items;
  changed_.notify_all();
  return ok_status();
}

// What a failed write or sync left must not be taken for acknowledged later, and after a failed sync nobody
// knows what the segment holds behind its synced end: it ends there, and the next group begins another. After
// a write that a full disk refused the same one goes on: a day of refusals must not leave a file each.
void Spool::undo_write(bool sync_failed) {
  segment_bad_ = segment_bad_ || sync_failed;
  if (!segment_fd_.open()) return;
  std::uint64_t size = 0;
  {
    const std::lock_guard lock(mutex_);
    size = synced_[segment_];
  }
  if (::ftruncate(segment_fd_.get(), static_cast<off_t>(size)) != 0) segment_bad_ = true;
}

Status Spool::begin_segment(std::uint64_t number) {
  Fd fd(::open(path(number).c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!fd.open()) return system_error("file", path(number));
  if (Status synced = sync_folder(options_.folder); !synced) return synced;
  segment_fd_ = std::move(fd);
  const std::lock_guard lock(mutex_);
  // A bad one that holds nothing would be one more file at each failure.
  if (const auto bad = synced_.find(segment_); segment_bad_ && bad != synced_.end() && bad->second == 0) {
    ::unlink(path(segment_).c_str());
    synced_.erase(bad);
  }
  segment_ = number;
  segment_bad_ = false;
  synced_.try_emplace(number, 0);
  return ok_status();
}

Result<SpoolBatch> Spool::read(std::size_t items_max, std::size_t bytes_max) {
  if (cursor_old_) keep_cursor();
  SpoolBatch batch;
  batch.next = head_;
  std::size_t bytes = 0;
  std::string buffer;
  std::size_t used = 0;
  while (batch.items < items_max) {
    std::uint64_t end = 0;
    bool last = false;
    {
      const std::lock_guard lock(mutex_);
      const auto at = synced_.lower_bound(batch.next.segment);
      if (at == synced_.end()) break;
      if (at->first != batch.next.segment) batch.next = {at->first, 0, 0};
      end = at->second;
      last = std::next(at) == synced_.end();
    }
    if (batch.next.offset >= end) {
      if (last) break;
      batch.next = {batch.next.segment + 1, 0, 0};
      buffer.clear();
      used = 0;
      continue;
    }
    if (open_segment_ != batch.next.segment || !open_fd_.open()) {
      open_fd_ = Fd(::open(path(batch.next.segment).c_str(), O_RDONLY | O_CLOEXEC));
      if (!open_fd_.open()) return system_error("file", path(batch.next.segment));
      open_segment_ = batch.next.segment;
    }
    Frame frame;
    FrameState state = read_frame(std::string_view(buffer).substr(used), frame);
    if (state == FrameState::kShort) {
      const std::uint64_t left = end - batch.next.offset;
      const std::size_t wanted = std::max(kReadBytes, (buffer.size() - used) * 2);
      auto more = read_at(open_fd_.get(), batch.next.offset, std::min<std::uint64_t>(wanted, left),
                          path(open_segment_));
      if (!more) return more.error();
      const bool all = more->size() <= buffer.size() - used || more->size() == left;
      buffer = std::move(*more);
      used = 0;
      state = read_frame(buffer, frame);
      if (state == FrameState::kShort && !all) continue;
    }
    if (state != FrameState::kWhole) {
      const std::size_t skip = next_frame(std::string_view(buffer).substr(used));
      const std::lock_guard lock(mutex_);
      damaged_bytes_ += static_cast<std::int64_t>(skip);
      batch.next.offset += skip;
      batch.next.item = 0;
      used = std::min(used + skip, buffer.size());
      continue;
    }
    if (!batch.blocks.empty() && frame.report != batch.report) break;
    const bool whole = batch.next.item == 0 && batch.items + frame.items <= items_max &&
                       bytes + frame.raw_bytes <= bytes_max;
    if (whole || !frame.packed) {
      if (!batch.blocks.empty() && bytes + frame.raw_bytes > bytes_max) break;
      batch.blocks.push_back(
          {frame.report, frame.packed, frame.items, frame.raw_bytes, std::string(frame.body)});
      batch.items += frame.items;
      bytes += frame.raw_bytes;
    } else {
      if (!batch.blocks.empty()) break;  // the next batch begins with its lines
      if (Status taken = take_lines(frame, items_max, bytes_max, batch); !taken) return taken.error();
      if (batch.next.item < frame.items) break;
      bytes = bytes_max;
    }
    batch.report = frame.report;
    batch.next = {batch.next.segment, batch.next.offset + frame.bytes, 0};
    used += frame.bytes;
  }
  return batch;
}

// Lines of a packed frame from batch.next.item on, as far as they fit.
Status Spool::take_lines(const Frame& frame, std::size_t items_max, std::size_t bytes_max,
                         SpoolBatch& batch) {
  auto text = unpacked(frame.body, frame.raw_bytes);
  if (!text) return text.error();
  std::string_view left = *text;
  std::size_t bytes = 0;
  for (std::uint64_t at = 0; at < frame.items && !left.empty(); ++at) {
    const std::size_t end = std::min(left.find('\n'), left.size());
    const std::string_view line = left.substr(0, end);
    left.remove_prefix(std::min(end + 1, left.size()));
    if (at < batch.next.item) continue;
    if (batch.items > 0 && (batch.items == items_max || bytes + line.size() + 1 > bytes_max)) break;
    batch.blocks.push_back(Block::of({frame.report, std::string(line)}));
    bytes += line.size() + 1;
    ++batch.items;
    batch.next.item = at + 1;
  }
  batch.report = frame.report;
  return ok_status();
}

void Spool::consume(Position next, std::size_t items) {
  head_ = next;
  {
    const std::lock_guard lock(mutex_);
    items_ = std::max<std::int64_t>(0, items_ - static_cast<std::int64_t>(items));
  }
  drop_before(next.segment);
  keep_cursor();
}

// Not synced: a cursor that is too old sends again what the store has already, and counts it once. Nor is it
// a reason to wait when the disk is full: what is sent makes room. Always as long, so that it can be written
// over where it lies: a file system syncs much when a file replaces another.
void Spool::keep_cursor() {
  const std::filesystem::path at = options_.folder / "cursor";
  if (!cursor_fd_.open()) cursor_fd_ = Fd(::open(at.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  cursor_old_ = !cursor_fd_.open() || ::lseek(cursor_fd_.get(), 0, SEEK_SET) != 0 ||
                !write_all(cursor_fd_.get(), cursor_text(head_), at).ok();
}

void Spool::drop_before(std::uint64_t segment) {
  std::vector<std::uint64_t> gone;
  {
    const std::lock_guard lock(mutex_);
    while (synced_.size() > 1 && synced_.begin()->first < segment) {
      bytes_ -= static_cast<std::int64_t>(synced_.begin()->second);
      gone.push_back(synced_.begin()->first);
      synced_.erase(synced_.begin());
    }
  }
  for (const std::uint64_t number : gone) ::unlink(path(number).c_str());
}

void Spool::wait(const std::stop_token& stop, std::chrono::milliseconds longest) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, stop, longest, [this] { return items_ > 0; });
}

SpoolState Spool::state() const {
  const std::lock_guard lock(mutex_);
  return {bytes_ + admitted_bytes_, options_.bytes_max, items_, refused_, damaged_bytes_, torn_bytes_};
}

}  // namespace plumbline::agent
