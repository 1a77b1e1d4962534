// AtlasBridge's sessions as `session` events: start, heartbeat when counts or times move, end. The same state
// of a row gives the same event with the same id, so an agent that starts again sends nothing new. Not
// thread-safe.
#pragma once
#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "producers/agent/config.h"
#include "producers/agent/intake.h"
#include "producers/agent/rejected.h"
#include "producers/agent/sqlite/session_rows.h"

namespace plumbline::agent {

// Zero, one or two events; none for a row whose start is no time.
[[nodiscard]] std::vector<std::string> session_events(const SessionRow& row, const StoreOptions& options);

struct SessionsState {
  std::string path;
  std::int64_t sessions = 0;  // seen by the last poll
  std::int64_t taken = 0;     // events into the spool, since start
  std::string error;          // of the last poll
};

class Sessions {
 public:
  Sessions(StoreOptions options, Intake& intake, RejectedFile& rejected)
      : options_(std::move(options)), intake_(intake), rejected_(rejected) {
    state_.path = options_.path.string();
  }
  // Does nothing until the interval is over. A store that is not there is no error.
  void poll(std::chrono::steady_clock::time_point now);
  [[nodiscard]] const SessionsState& state() const { return state_; }

 private:
  const StoreOptions options_;
  Intake& intake_;
  RejectedFile& rejected_;
  std::chrono::steady_clock::time_point next_{};
  std::map<std::string, std::string> sent_;  // by session: its last events
  SessionsState state_;
};

}  // namespace plumbline::agent
