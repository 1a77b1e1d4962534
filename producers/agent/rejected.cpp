#include "producers/agent/rejected.h"

#include <charconv>

#include <fcntl.h>

#include "core/codec/json_writer.h"
#include "core/limits.h"
#include "producers/agent/files.h"

namespace plumbline::agent {
namespace {

constexpr std::size_t kEventBytesMax = std::size_t{64} << 10;  // a larger one is named by its reason alone
constexpr const char* kCount = "rejected.count";

}  // namespace

RejectedFile::RejectedFile(std::filesystem::path folder, const Clock& clock)
    : folder_(std::move(folder)), clock_(clock) {
  const auto text = read_small(folder_ / kCount, 64);
  if (text) std::from_chars(text->data(), text->data() + text->size(), count_);
}

void RejectedFile::add(std::string_view reason, std::string_view detail, std::string_view event) {
  std::string line;
  codec::JsonWriter out(line);
  out.open_object()
      .member("time", format_rfc3339(clock_.now()))
      .member("reason", reason)
      .member("detail", detail);
  if (!event.empty() && event.size() <= kEventBytesMax) out.key("event").raw(event);
  out.close_object();
  line += '\n';
  const std::lock_guard lock(mutex_);
  ++count_;
  const auto path = folder_ / "rejected.ndjson";
  std::error_code error;
  if (std::filesystem::file_size(path, error) + line.size() > kBytesMax && !error)
    std::filesystem::rename(path, folder_ / "rejected.ndjson.1", error);
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  // A full disk must not stop what can be sent: the count in the status still says it.
  if (fd.open()) (void)write_all(fd.get(), line, path).ok();
  (void)replace_file(folder_ / kCount, std::to_string(count_) + "\n", false).ok();
}

std::int64_t RejectedFile::count() const {
  const std::lock_guard lock(mutex_);
  return count_;
}

}  // namespace plumbline::agent
