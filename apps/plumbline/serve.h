// Runs roles in this process until SIGTERM or SIGINT; SIGHUP reloads TLS. Wiring only: each role lives in its
// own folder.
#pragma once
#include <string>

#include "core/config/load.h"

namespace plumbline::app {

struct Roles {
  bool edge = false;
  bool persist = false;  // with the outbox publisher beside it: both live on PostgreSQL
  bool health = false;
  bool drift = false;
  bool notify = false;
  bool console = false;
  bool migrate = false;  // bring the schema up first

  [[nodiscard]] bool consumes() const { return persist || health || drift || notify; }
  // Where a process without an edge answers /livez, /readyz and /metrics.
  [[nodiscard]] const std::string& admin_listen(const config::Config& config) const {
    if (health) return config.health.admin_listen;
    if (drift) return config.drift.admin_listen;
    if (notify) return config.notify.admin_listen;
    return config.persist.admin_listen;
  }
};

// kOk after a drain; kFailed when a role can't start (standard error says why).
int serve(const config::Loaded& loaded, Roles roles);

}  // namespace plumbline::app
