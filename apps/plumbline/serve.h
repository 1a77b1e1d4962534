// Runs roles in this process until SIGTERM or SIGINT; SIGHUP reloads TLS. Wiring only: each role lives in its
// own folder.
#pragma once
#include "core/config/load.h"

namespace plumbline::app {

struct Roles {
  bool edge = false;
  bool persist = false;  // with the outbox publisher beside it: both live on PostgreSQL
  bool migrate = false;  // bring the schema up first
};

// kOk after a drain; kFailed when a role can't start (standard error says why).
int serve(const config::Loaded& loaded, Roles roles);

}  // namespace plumbline::app
