// The console's server: pages and their API from one port (docs/console.md). HTTP threads never wait for
// PostgreSQL.
#pragma once
#include <memory>
#include <span>
#include <string>

#include "console/web/assets.h"
#include "core/clock.h"
#include "core/config/config.h"
#include "core/log/log.h"
#include "core/pg/connection.h"
#include "core/result.h"
#include "core/telemetry/metrics.h"

namespace plumbline::console {

// start and stop from one thread. What is given outlives it; `log` may be null: lag is not shown then.
class Console {
 public:
  Console(const config::Console& config, const config::Postgres& postgres, const config::Keys& keys,
          log::Log* log, const Clock& clock, telemetry::Metrics& metrics, std::span<const Asset> assets);
  ~Console();
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  // Fatal "master_key" without one that can be used; as http::Server::start.
  Status start();
  Status reload_tls();
  // Lets what is being answered end, for a few seconds.
  void stop();
  [[nodiscard]] int port() const;
  // As browsers reach it.
  [[nodiscard]] std::string url() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Where `config`'s console is reached, without a slash at the end.
[[nodiscard]] std::string public_url(const config::Console& config);

}  // namespace plumbline::console
