// What a spool does when it is opened: finds its segments, cuts what a crash left half written, and counts.
#include <algorithm>

#include <fcntl.h>
#include <unistd.h>

#include "producers/agent/spool.h"

namespace plumbline::agent {
namespace {

constexpr std::int64_t kSegmentsMin = 8;  // of a full spool: freeing one frees little more than is needed
constexpr std::size_t kScanBytes = std::size_t{1} << 20;

}  // namespace

Result<std::unique_ptr<Spool>> Spool::open(SpoolOptions options) {
  options.segment_bytes = std::clamp<std::int64_t>(
      options.segment_bytes, 1, std::max<std::int64_t>(1, options.bytes_max / kSegmentsMin));
  std::unique_ptr<Spool> spool(new Spool(std::move(options)));
  if (Status recovered = spool->recover(); !recovered) return recovered.error();
  Spool& at = *spool;
  spool->thread_ = std::jthread([&at](const std::stop_token& stop) { at.run(stop); });
  return spool;
}

Status Spool::recover() {
  if (Status made = make_folder(options_.folder); !made) return made;
  const std::filesystem::path lock = options_.folder / "lock";
  lock_ = Fd(::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock_.open()) return system_error("file", lock);
  if (!take_lock(lock_.get()))
    return retryable("spool_busy", options_.folder.string() +
                                       " is in use by another agent; end it, or give "
                                       "this one another state_folder");
  std::vector<std::uint64_t> numbers;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(options_.folder, error)) {
    if (const auto number = segment_number(entry.path().filename().string())) numbers.push_back(*number);
  }
  std::sort(numbers.begin(), numbers.end());
  auto cursor = read_cursor();
  if (!cursor) return cursor.error();
  head_ = *cursor;
  for (const std::uint64_t number : numbers) {
    if (number < head_.segment) {
      ::unlink(path(number).c_str());
      continue;
    }
    if (Status kept = recover_segment(number, number == numbers.back()); !kept) return kept;
  }
  // A disk that lost what it had confirmed: what comes now must not be taken for consumed.
  if (const auto at = synced_.find(head_.segment); at != synced_.end() && head_.offset >= at->second)
    head_ = {head_.segment, at->second, 0};
  if (synced_.empty()) return begin_segment(head_.segment + 1);
  return begin_segment(synced_.rbegin()->first);
}

// Counts what is to be sent. In the last segment everything behind its last whole frame was never
// acknowledged and is cut; damage before a whole frame is left for read to step over and to report.
Status Spool::recover_segment(std::uint64_t number, bool last) {
  const Fd fd(::open(path(number).c_str(), O_RDWR | O_CLOEXEC));
  if (!fd.open()) return system_error("file", path(number));
  const auto size = static_cast<std::uint64_t>(std::max<off_t>(0, ::lseek(fd.get(), 0, SEEK_END)));
  std::uint64_t at = 0, whole_end = 0;
  std::size_t wanted = kScanBytes;
  std::string text;
  std::size_t used = 0;
  while (at < size) {
    Frame frame;
    const FrameState state = read_frame(std::string_view(text).substr(used), frame);
    if (state == FrameState::kShort && at + (text.size() - used) < size) {
      wanted = std::max(kScanBytes, (text.size() - used) * 2);
      auto more = read_at(fd.get(), at, wanted, path(number));
      if (!more) return more.error();
      if (more->empty()) break;
      text = std::move(*more);
      used = 0;
      continue;
    }
    std::size_t step = 0;
    if (state == FrameState::kWhole) {
      step = frame.bytes;
      whole_end = at + step;
      if (Position{number, at, 0} >= Position{head_.segment, head_.offset, 0}) items_ += frame.items;
      if (Position{number, at, 0} == Position{head_.segment, head_.offset, 0})
        items_ -= std::min<std::int64_t>(frame.items, static_cast<std::int64_t>(head_.item));
    } else {
      step = next_frame(std::string_view(text).substr(used));
    }
    at += step;
    used = std::min(used + step, text.size());
  }
  if (last && whole_end < size) {
    torn_bytes_ += static_cast<std::int64_t>(size - whole_end);
    if (::ftruncate(fd.get(), static_cast<off_t>(whole_end)) != 0 || ::fdatasync(fd.get()) != 0)
      return system_error("file", path(number));
  }
  const std::uint64_t kept = last ? whole_end : size;
  synced_[number] = kept;
  bytes_ += static_cast<std::int64_t>(kept);
  return ok_status();
}

Result<Position> Spool::read_cursor() const {
  auto text = read_small(options_.folder / "cursor", 256);
  if (!text) return text.error();
  return parse_cursor(*text).value_or(Position{});
}

}  // namespace plumbline::agent
