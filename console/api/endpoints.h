// The table of endpoints, and the way of a request through it: match, sign-in, CSRF, tenant, permission,
// endpoint. A test compares the table with schemas/openapi.yaml.
#pragma once
#include <span>
#include <string_view>

#include "console/api/service.h"

namespace plumbline::console {

// Where an endpoint runs: most ask PostgreSQL only; some wait for others.
enum class Lane : std::uint8_t { kQueries, kOutgoing };

struct Endpoint {
  std::string_view method;
  std::string_view path;  // as in schemas/openapi.yaml; {x} is one segment
  std::string_view permission;
  Reply (*run)(Ask&);
  Lane lane = Lane::kQueries;
};
[[nodiscard]] std::span<const Endpoint> endpoints();

struct Match {
  const Endpoint* endpoint = nullptr;
  bool other_method = false;       // the path is known, the method is not
  std::vector<std::string> parts;  // decoded
};
[[nodiscard]] Match match(std::string_view method, std::string_view path);

// Runs the endpoint. `later` as Ask's. nullopt: `later` will be called.
[[nodiscard]] std::optional<Answer> dispatch(Service& service, Database& database, const Call& call,
                                             const Match& match, std::function<void(Answer)> later);

}  // namespace plumbline::console
