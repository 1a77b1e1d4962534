// `plumb push`: reads, verifies, converts, signs and sends. Not thread-safe.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/redact/policy.h"
#include "producers/push/chain_state.h"
#include "producers/push/convert.h"
#include "producers/push/credentials.h"
#include "producers/push/retry.h"
#include "producers/push/transport.h"

namespace plumbline::push {

// Exit codes of `plumb`, documented in docs/plumb.md. Of several that apply the first of 3, 4, 2, 1 is given.
inline constexpr int kExitOk = 0;
inline constexpr int kExitRejected = 1;     // the edge refused some records, or lines were no events
inline constexpr int kExitUsage = 2;        // options, credentials or inputs
inline constexpr int kExitUndelivered = 3;  // not everything could be delivered; push again
inline constexpr int kExitChainBroken = 4;

struct PushOptions {
  std::vector<std::string> paths;
  Form form = Form::kAuto;
  Labels labels;
  bool allow_broken = false;
  redact::Policy redaction;
  bool zstd = false;      // else gzip
  bool progress = false;  // standard error is a terminal
};

// What push needs of the world.
struct World {
  Transport& transport;
  const Clock& clock;
  std::function<void(std::chrono::milliseconds)> wait;
  std::ostream& out;
  std::ostream& err;
  RetryPolicy retry = {};
};

[[nodiscard]] int push(const PushOptions& options, const Credentials& credentials, const ChainState& state,
                       World& world);

}  // namespace plumbline::push
