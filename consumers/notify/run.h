// The notify role: one member of the consumer group "notify", a number of senders, the pages that end mail
// subscriptions. Start more of them, here or in other processes, to spread partitions and destinations.
#pragma once
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "consumers/loop/loop.h"
#include "consumers/notify/meters.h"
#include "consumers/notify/notify.h"
#include "consumers/notify/sender.h"
#include "consumers/notify/unsubscribe.h"
#include "consumers/notify/wake.h"
#include "core/clock.h"
#include "core/config/config.h"
#include "core/log/log.h"
#include "core/telemetry/metrics.h"

namespace plumbline::notify {

// References must outlive it. start and stop from one thread; healthy is thread-safe.
class NotifyRole {
 public:
  // `channels` stands for Slack, mail and webhooks as configured; tests give their own.
  NotifyRole(const config::Notify& options, const config::Postgres& postgres, const config::Keys& keys,
             log::Log& log, const Clock& clock, telemetry::Metrics& metrics, ChannelFactory channels = {});
  ~NotifyRole();
  NotifyRole(const NotifyRole&) = delete;
  NotifyRole& operator=(const NotifyRole&) = delete;

  void start();
  // Finishes the transaction and the messages under way, leaves the group and joins the threads. Idempotent.
  void stop();
  // Why it can't go on at the moment: PostgreSQL or the log unreachable, no master key, the unsubscribe
  // address taken.
  [[nodiscard]] Status healthy() const;
  // Tests and tools drive it turn by turn instead of start(): one turn of the loop, and one of a sender (true
  // when it had something to do).
  Result<std::size_t> step(const std::stop_token& stop = {}) { return loop_.step(stop); }
  Result<bool> send_step(const std::stop_token& stop = {}) { return senders_.front()->step(stop); }
  [[nodiscard]] const UnsubscribeTokens& tokens() const { return tokens_; }
  [[nodiscard]] int unsubscribe_port() const { return server_ ? server_->port() : 0; }

 private:
  void watch(const std::stop_token& stop);
  Status look(std::optional<pg::Connection>& connection, bool prune);

  const config::Notify options_;
  pg::ConnectOptions postgres_;
  const Clock& clock_;
  Meters meters_;
  Wake wake_;
  Result<crypto::Sealer> sealer_;
  UnsubscribeTokens tokens_;
  Notify notify_;
  loop::Loop loop_;
  std::vector<std::unique_ptr<Sender>> senders_;
  std::unique_ptr<UnsubscribeServer> server_;
  Status server_state_ = ok_status();
  std::vector<std::jthread> threads_;
};

}  // namespace plumbline::notify
