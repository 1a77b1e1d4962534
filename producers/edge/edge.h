// The edge: HTTP in, log out (DESIGN sections 2 to 4). It depends on the log alone: keys and limits come from
// keys.v1.
#pragma once
#include <memory>

#include "core/clock.h"
#include "core/config/config.h"
#include "core/keys/keyring.h"
#include "core/log/log.h"
#include "core/result.h"
#include "core/telemetry/metrics.h"

namespace plumbline::edge {

// Thread-safe. The topics traces.v1, reports.v1 and outcomes.v1 must exist before /readyz says so.
class Edge {
 public:
  // The references outlive the edge.
  Edge(const config::Edge& config, log::Log& log, keys::Keyring& keyring, Clock& clock,
       telemetry::Metrics& metrics);
  ~Edge();  // stop()
  Edge(const Edge&) = delete;
  Edge& operator=(const Edge&) = delete;

  // Listens; returns at once. Errors as http::Server::start.
  Status start();
  // Certificate and key anew (SIGHUP); they are also looked at every two seconds.
  Status reload_tls();
  // Stops accepting, answers what is in flight, publishes the last outcomes; then stops. True when nothing
  // was left over after config.drain_timeout.
  bool drain();
  void stop();

  [[nodiscard]] int port() const;
  // Keys read to their end and the log can be written.
  [[nodiscard]] bool ready() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace plumbline::edge
