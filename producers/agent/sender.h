// From the spool to the edge: batches, signed when they are sent, until the edge has said what became of each
// event. Never gives up and drops nothing: what the edge refuses for good goes to the rejected file.
#pragma once
#include <chrono>
#include <cstdint>
#include <mutex>
#include <stop_token>
#include <string>

#include "core/clock.h"
#include "producers/agent/packing.h"
#include "producers/agent/rejected.h"
#include "producers/agent/signer.h"
#include "producers/agent/spool.h"
#include "producers/push/edge_clock.h"
#include "producers/push/reply.h"
#include "producers/push/retry.h"
#include "producers/push/signed_request.h"

namespace plumbline::agent {

struct SendOptions {
  std::size_t batch_events_max = 2 * kBlockItemsMax;
  std::size_t batch_bytes_max = std::size_t{1} << 20;
  // First wait and longest: a laptop that wakes up sends within the latter.
  std::chrono::milliseconds backoff_first{250};
  std::chrono::milliseconds backoff_longest{60000};
};

struct SendState {
  std::int64_t sent = 0;           // events that the edge answered for, since start
  std::int64_t deferred = 0;       // events whose time the edge finds too far ahead, waiting for it to come
  TimeUs last_sent_at;             // 0: never since start
  TimeUs failed_at;                // 0: the last attempt went well
  std::string error;               // of the last attempt
  int attempts = 0;                // in a row without an answer
  std::string endpoint;            // where the last request went, or the next will go
  std::string key_id;              // that signs
  std::string key_error;           // why a key that changed is not used
  std::int64_t clock_ahead_s = 0;  // this machine's before the edge's, where that is too much to sign by it
};

class Sender {
 public:
  // `deferred` holds what the edge answered "time_ahead" to: offered again each minute.
  Sender(SendOptions options, Signer signer, Spool& spool, Spool& deferred, RejectedFile& rejected,
         push::Transport& transport, const Clock& clock);

  // Sends one batch if there is one; how long to wait before the next step, 0 when there may be more at once.
  std::chrono::milliseconds step();
  // Steps until the stop.
  void run(const std::stop_token& stop);
  [[nodiscard]] SendState state() const;  // thread-safe

 private:
  std::chrono::milliseconds send(Spool& from);
  std::chrono::milliseconds failed(const push::Response& response, const push::Reply& reply);
  Status settle(Spool& from, const SpoolBatch& batch, const push::Reply& reply);
  Status refuse(const SpoolBatch& batch, const push::Response& response, const push::Reply& reply);
  Status write_body(const SpoolBatch& batch);
  void refresh_key();

  const SendOptions options_;
  Signer signer_;
  Spool& spool_;
  Spool& deferred_;
  RejectedFile& rejected_;
  push::Transport& transport_;
  const Clock& clock_;
  std::size_t events_max_;  // halved while the edge takes no whole batch, to find the one it does not take
  push::EdgeClock edge_clock_;
  Packer packer_;
  std::string lines_, body_;
  int attempts_ = 0;
  std::chrono::steady_clock::time_point deferred_next_{};
  mutable std::mutex mutex_;
  SendState state_;
};

}  // namespace plumbline::agent
