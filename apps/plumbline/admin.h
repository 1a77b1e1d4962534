// /livez, /readyz and /metrics of a role without an edge.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "core/http/server.h"
#include "core/result.h"
#include "core/telemetry/metrics.h"

namespace plumbline::app {

// Thread-safe. `ready` is called on the server's thread; metrics outlive it.
class Admin {
 public:
  Admin(const std::string& listen, std::function<Status()> ready, const telemetry::Metrics& metrics);
  Status start() { return server_.start(); }
  void stop() { server_.stop(); }

 private:
  http::Budget budget_;
  http::Server server_;
};

}  // namespace plumbline::app
