// The one way into the spool: a native event is judged as the edge will judge it, redacted, and queued.
// Whatever receives in another form (OTLP, a trace file) makes native events first and gives them here.
//
// An Intake belongs to one thread; several share a spool.
#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/otlp/events.h"
#include "core/redact/span_screen.h"
#include "core/result.h"
#include "producers/agent/packing.h"
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
  Intake(Spool& spool, const redact::Policy& policy)
      : spool_(spool), leaving_(policy), screen_(redact::SpanScreen::of(policy)) {}

  using Done = std::function<void(Taken)>;
  // Each line one event. `done` is called once, maybe from the spool's thread.
  void take(const std::vector<std::string>& lines, Done done);
  // The same, waiting.
  [[nodiscard]] Taken take(const std::vector<std::string>& lines);
  // Events that an EventWriter made with screen(): those that are settled need no second look.
  void take(const otlp::EventLines& events, Done done);

  // What writers of events for this intake ask; nullptr: every event must be looked at as a whole.
  [[nodiscard]] otlp::Screen* screen() { return screen_ ? &*screen_ : nullptr; }

 private:
  void queue(std::vector<Block> blocks, std::shared_ptr<Taken> taken, Done done);

  Spool& spool_;
  push::Leaving leaving_;
  std::optional<redact::SpanScreen> screen_;
  Packer packer_;
  std::string changed_;  // lines of a block under way that are not the writer's own text
};

}  // namespace plumbline::agent
