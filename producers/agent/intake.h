// The one way into the spool: a native event is judged as the edge will judge it, redacted, and queued.
// Whatever receives in another form (OTLP, a trace file) makes native events first and gives them here.
//
// An Intake belongs to one thread; several share a spool.
#pragma once
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "core/result.h"
#include "producers/agent/spool.h"
#include "producers/push/leaving.h"

namespace plumbline::agent {

struct Refused {
  std::size_t index = 0;  // of what was offered
  std::string reason;     // a word of core/outcome.h
  std::string detail;     // the place, what is wrong and the bound; never a value
};

struct Taken {
  Status status = ok_status();  // retryable "spool_full", "spool_disk": nothing was kept
  std::size_t accepted = 0;
  std::vector<Refused> refused;  // these never fit; all others are on disk when status is ok
};

class Intake {
 public:
  Intake(Spool& spool, const redact::Policy& policy) : spool_(spool), leaving_(policy) {}

  using Done = std::function<void(Taken)>;
  // Each line one event. `done` is called once, maybe from the spool's thread.
  void take(const std::vector<std::string>& lines, Done done);
  // The same, waiting.
  [[nodiscard]] Taken take(const std::vector<std::string>& lines);

 private:
  Spool& spool_;
  push::Leaving leaving_;
};

}  // namespace plumbline::agent
