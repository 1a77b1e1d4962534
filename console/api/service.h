// What all endpoints share. Thread-safe: built before the threads start, then only read, but for what says
// so.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "console/api/attempts.h"
#include "console/api/call.h"
#include "console/api/database.h"
#include "console/api/executor.h"
#include "console/api/memory.h"
#include "console/api/permissions.h"
#include "console/api/tokens.h"
#include "core/clock.h"
#include "core/config/config.h"
#include "core/crypto/seal.h"
#include "core/ids.h"
#include "core/log/log.h"

namespace plumbline::console {

class Live;
class Providers;

struct Service {
  Service(const config::Console& options, const Secret& master_keys, crypto::Sealer opened,
          pg::ConnectOptions database, log::Log* log, const Clock& clock);
  ~Service();

  const config::Console& config;
  const Clock& clock;
  log::Log* log;           // for ends of topics; null: not known
  std::string public_url;  // without a slash at the end
  bool secure;             // cookies go over https only
  Tokens tokens;
  crypto::Sealer sealer;
  Memory memory;  // what is dear to work out, for a while
  Executor queries;
  Executor outgoing;  // waits for identity providers
  Executor beside;    // works out what takes longer than a request may
  std::unique_ptr<Providers> providers;
  std::unique_ptr<Live> live;
  Attempts by_address{60, std::chrono::minutes(1)};  // sign-in endpoints
  Attempts by_user{10, std::chrono::minutes(10)};    // user codes typed
};

struct Caller {
  Uuid user = {};
  Uuid session = {};
  std::string email = {};
  std::string name = {};
  TimeUs expires_at = {};
  bool by_cookie = false;
};

struct Scope {
  TenantId tenant = {};
  std::string slug = {};
  std::string name = {};
  Role role = Role::kViewer;
};

// One request on its way. `caller` and `scope` are set as far as the endpoint's permission asks for them.
struct Ask {
  Service& service;
  const Call& call;
  Database& database;
  Caller caller = {};
  Scope scope = {};
  std::vector<std::string> parts = {};  // of the path, decoded, without the tenant
  // For an answer that comes later, from any thread, exactly once; then the endpoint returns nullopt.
  std::function<void(Answer)> later = {};
};

using Reply = Result<std::optional<Answer>>;

}  // namespace plumbline::console
