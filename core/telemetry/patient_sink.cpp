#include "core/telemetry/patient_sink.h"

#include <algorithm>
#include <cerrno>
#include <climits>

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include "core/clock.h"

namespace plumbline::telemetry {
namespace {

constexpr int kPatienceMs = 100;
// A pipe that can be written to takes this much at once (pipe(7)).
constexpr std::size_t kPieceBytes = PIPE_BUF;

}  // namespace

bool PatientSink::takes(int wait_ms) const {
  pollfd asked{descriptor_, POLLOUT, 0};
  int ready = 0;
  do {
    ready = ::poll(&asked, 1, wait_ms);
  } while (ready < 0 && errno == EINTR);
  return ready > 0 && (asked.revents & POLLOUT) != 0;
}

// False: not all of it went out.
bool PatientSink::put(std::string_view text) {
  if (torn_) {
    if (!takes(stuck_ ? 0 : kPatienceMs) || ::write(descriptor_, "\n", 1) != 1) return false;
    torn_ = false;
  }
  while (!text.empty()) {
    const bool ready = takes(stuck_ ? 0 : kPatienceMs);
    const ssize_t put = ready ? ::write(descriptor_, text.data(), std::min(text.size(), kPieceBytes)) : -1;
    if (ready && put < 0 && errno == EINTR) continue;
    if (put < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(put));
    torn_ = !text.empty();
  }
  return true;
}

bool PatientSink::tell_dropped() {
  if (dropped_ == 0) return true;
  const std::string line =
      fmt::format(R"({{"ts":"{}","level":"warn","event":"log_lines_dropped","lines":{}}})"
                  "\n",
                  format_rfc3339(SystemClock().now()), dropped_);
  if (!put(line)) return false;
  dropped_ = 0;
  return true;
}

void PatientSink::sink_it_(const spdlog::details::log_msg& message) {
  spdlog::memory_buf_t line;
  formatter_->format(message, line);
  stuck_ = !tell_dropped() || !put({line.data(), line.size()});
  if (stuck_) ++dropped_;
}

}  // namespace plumbline::telemetry
