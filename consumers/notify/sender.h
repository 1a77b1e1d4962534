// A sender: takes what is due from the queue, claims it (committed before anything leaves), sends it through
// a channel, records what became of it. One thread, one connection and channels of its own; run as many as
// there are destinations to be served at once, in as many processes.
#pragma once
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <stop_token>
#include <string>
#include <vector>

#include "consumers/notify/compose.h"
#include "consumers/notify/decode.h"
#include "consumers/notify/meters.h"
#include "consumers/notify/unsubscribe.h"
#include "consumers/notify/wake.h"
#include "core/clock.h"
#include "core/config/config.h"
#include "core/crypto/seal.h"
#include "core/pg/connection.h"
#include "core/telemetry/trouble.h"
#include "sinks/channel/channel.h"
#include "sinks/postgres/notify_queue.h"

namespace plumbline::notify {

// Makes the channel of a kind for one thread; called again for each sender. Null: there is none.
using ChannelFactory = std::function<std::unique_ptr<channel::Channel>(channel::Kind)>;

// What the senders of a process share. References outlive them.
struct SenderParts {
  const config::Notify& options;
  pg::ConnectOptions postgres;
  const Clock& clock;
  Meters& meters;
  Wake& wake;
  const crypto::Sealer* sealer = nullptr;  // null: no master key
  const UnsubscribeTokens& tokens;
  ChannelFactory channels;
};

// Only healthy() is thread-safe.
class Sender {
 public:
  explicit Sender(SenderParts parts);

  // Until stop is requested; a message under way is seen through.
  void run(const std::stop_token& stop);
  // One turn: at most one message. True when there was something to do.
  Result<bool> step(const std::stop_token& stop = {});
  [[nodiscard]] Status healthy() const;

 private:
  struct Claimed {
    postgres::LaneName lane;
    postgres::Candidate candidate;
    std::vector<postgres::Delivery> parts;
    Uuid message;
    std::chrono::steady_clock::time_point lease_ends;
  };
  enum class Turn { kIdle, kTidied, kClaimed };

  Status ensure_connected();
  Result<Turn> claim(Claimed& claimed);
  Result<Turn> choose(const postgres::LaneName& lane, TimeUs now, Claimed& claimed);
  Status set_aside(const postgres::Candidate& candidate, TimeUs now, bool& send);
  channel::Outcome send(const Claimed& claimed);
  postgres::Finish finish_of(const Claimed& claimed, const channel::Outcome& outcome, TimeUs now);
  void record(const Claimed& claimed, const channel::Outcome& outcome, const std::stop_token& stop);
  Result<bool> try_record(const Claimed& claimed, const channel::Outcome& outcome);
  void count(const Claimed& claimed, const channel::Outcome& outcome);
  void look_after(const Claimed& claimed, const std::string& reason, bool gone);
  void note(const Error& error);

  SenderParts parts_;
  const Uuid owner_ = Uuid::random();
  std::optional<pg::Connection> connection_;
  std::map<channel::Kind, std::unique_ptr<channel::Channel>> channels_;
  EventDecoder decoder_;
  std::minstd_rand jitter_{std::random_device{}()};
  std::optional<postgres::RouteHealth> failed_;  // of the route, after the record under way

  telemetry::Trouble trouble_{"notify_blocked"};
  mutable std::mutex health_mutex_;
  std::optional<Error> unhealthy_;
};

}  // namespace plumbline::notify
