#include "producers/agent/tail.h"

#include <algorithm>
#include <charconv>

#include <fcntl.h>
#include <sys/stat.h>

#include "core/limits.h"

namespace plumbline::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kChunkBytes = std::size_t{256} << 10;
constexpr std::size_t kLineBytesMax = limits::kReportBytesMax;
constexpr std::size_t kArchivesMax = 32;
constexpr TimeUs kNoTime{0};

// Of an archive its number, 0 for the file itself, -1 for any other name. AtlasBridge, Python's
// RotatingFileHandler and logrotate all put a dot and a number behind the name.
int archive_number(const std::string& name, const std::string& base) {
  if (name == base) return 0;
  if (!name.starts_with(base + ".")) return -1;
  int number = 0;
  const char* const end = name.data() + name.size();
  const auto [at, wrong] = std::from_chars(name.data() + base.size() + 1, end, number);
  return wrong == std::errc{} && at == end && number > 0 ? number : -1;
}

std::uint64_t size_of(int fd) {
  struct stat facts {};
  return ::fstat(fd, &facts) == 0 ? static_cast<std::uint64_t>(facts.st_size) : 0;
}

}  // namespace

Tail::Tail(TailOptions options, Cursors& cursors, Intake& intake, RejectedFile& rejected)
    : options_(std::move(options)), cursors_(cursors), intake_(intake), rejected_(rejected) {
  state_.path = options_.path.string();
}

void Tail::open_files() {
  std::vector<std::pair<int, fs::path>> found;
  std::error_code error;
  const std::string base = options_.path.filename().string();
  for (const auto& entry : fs::directory_iterator(options_.path.parent_path(), error)) {
    const int number = archive_number(entry.path().filename().string(), base);
    if (number >= 0) found.emplace_back(number, entry.path());
  }
  std::sort(found.rbegin(), found.rend());
  if (found.size() > kArchivesMax) found.erase(found.begin(), found.end() - kArchivesMax);
  order_.clear();
  // What lost its name since the last poll is older than all that have one.
  for (const auto& [key, file] : opened_) order_.push_back(key);
  for (const auto& [number, path] : found) {
    Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat facts {};
    // Rotated away between listing and opening: the next poll finds it under its new name.
    if (!fd.open() || ::fstat(fd.get(), &facts) != 0 || !S_ISREG(facts.st_mode)) continue;
    const std::pair<std::uint64_t, std::uint64_t> key{facts.st_dev, facts.st_ino};
    std::erase(order_, key);
    order_.push_back(key);
    const auto [at, fresh] = opened_.try_emplace(key);
    if (fresh) at->second.fd = std::move(fd);
    at->second.path = path;
  }
}

bool Tail::poll() {
  open_files();
  state_.error.clear();
  state_.behind_bytes = 0;
  std::size_t budget = kPollBytesMax;
  bool more = false;
  for (const auto& key : order_) {
    Opened& file = opened_[key];
    // In order: a later file waits while an earlier one could not be read on.
    if (state_.error.empty() && !more) {
      const auto read_on = read(file, budget);
      if (!read_on) state_.error = read_on.error().message;
      more = read_on.ok() && *read_on;
    }
    const auto cursor = cursors_.find(name(), file.fd.get(), file.path);
    const std::uint64_t size = size_of(file.fd.get());
    if (cursor && size > (*cursor)->offset)
      state_.behind_bytes += static_cast<std::int64_t>(size - (*cursor)->offset);
  }
  if (dirty_) {
    const Status saved = cursors_.save();
    if (saved) dirty_ = false;
    if (!saved && state_.error.empty()) state_.error = saved.error().message;
  }
  std::erase_if(opened_, [&](const auto& entry) {
    struct stat facts {};
    const bool gone = ::fstat(entry.second.fd.get(), &facts) != 0 || facts.st_nlink == 0;
    return gone && state_.error.empty() && !more;
  });
  return more;
}

Result<bool> Tail::read(Opened& file, std::size_t& budget) {
  auto found = cursors_.find(name(), file.fd.get(), file.path);
  if (!found) return found.error();
  Cursor& cursor = **found;
  std::size_t wanted = kChunkBytes;
  while (budget > 0) {
    auto chunk = read_at(file.fd.get(), cursor.offset, wanted, file.path);
    if (!chunk) return chunk.error();
    const bool full = chunk->size() == wanted;
    std::size_t end = chunk->rfind('\n');
    if (cursor.skipping) {
      const std::size_t first = chunk->find('\n');
      const std::size_t skipped = first == chunk->npos ? chunk->size() : first + 1;
      if (skipped == 0) return false;
      cursor.skipping = first == chunk->npos;
      if (Status moved = Cursors::advance(cursor, file.fd.get(), cursor.offset + skipped); !moved)
        return moved.error();
      dirty_ = true;
      budget -= std::min(budget, skipped);
      continue;
    }
    if (end == chunk->npos) {
      if (!full) return false;  // a line that is not ended yet
      if (wanted <= kLineBytesMax) {
        wanted *= 2;
        continue;
      }
      refuse(file, cursor.offset, "too_large",
             "a line of more than " + std::to_string(kLineBytesMax) + " bytes");
      cursor.skipping = true;
      continue;
    }
    ++end;
    if (Status taken = take(file, std::string_view(*chunk).substr(0, end), cursor.offset); !taken)
      return taken.error();
    if (Status moved = Cursors::advance(cursor, file.fd.get(), cursor.offset + end); !moved)
      return moved.error();
    dirty_ = true;
    budget -= std::min(budget, end);
    if (!full) return false;
    wanted = kChunkBytes;
  }
  return true;
}

Status Tail::take(Opened& file, std::string_view text, std::uint64_t from) {
  auto converted =
      push::convert(options_.form, text, options_.labels, kNoTime, options_.path.stem().string());
  if (!converted) return converted.error();
  std::vector<std::string> lines;
  lines.reserve(converted->events.size());
  std::size_t untimed = 0;
  static const std::string kUntimed = "\"time\":\"" + format_rfc3339(kNoTime) + "\"";
  for (push::Event& event : converted->events) {
    // The file's own time changes with each line: the same entry read twice would be two events.
    if (options_.form == push::Form::kAtlasBridge && event.line.find(kUntimed) != std::string::npos) {
      ++untimed;
      refuse(file, from, "schema",
             "an entry has no timestamp (line " + std::to_string(event.source_line) + " behind this offset)");
      continue;
    }
    lines.push_back(std::move(event.line));
  }
  Taken taken = intake_.take(lines);
  if (!taken.status) return taken.status;
  for (const push::Skipped& skipped : converted->skipped)
    refuse(file, from, "invalid_json",
           "line " + std::to_string(skipped.line) + " behind this offset: " + skipped.reason);
  for (const Refused& refused : taken.refused) refuse(file, from, refused.reason, refused.detail);
  state_.taken += static_cast<std::int64_t>(taken.accepted);
  return ok_status();
}

void Tail::refuse(const Opened& file, std::uint64_t offset, std::string_view reason,
                  const std::string& detail) {
  ++state_.refused;
  rejected_.add(reason, file.path.string() + " at byte " + std::to_string(offset) + ": " + detail);
}

}  // namespace plumbline::agent
