// What is typed after `plumbline route`, and what it means.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "core/result.h"
#include "core/secret.h"
#include "core/time.h"
#include "sinks/postgres/notify_routes.h"

namespace plumbline::app {

struct RouteWords {
  std::string tenant;
  std::string name;
  std::string kind;
  std::string address;
  std::string secret_file;
  std::vector<std::string> repos;
  std::vector<std::string> events;
  std::string severity_min = "info";
  std::string digest = "none";
  std::int32_t digest_hour = 9;
  std::string time_zone = "UTC";
  std::string quiet;  // 22:00-07:00
  bool critical_waits = false;
  bool admin = false;
  std::string mute_for;
  bool resubscribe = false;
  bool drop_old = false;
  std::int64_t wait_s = 30;
  std::int64_t last = 20;
};

void add_route_options(CLI::App& leaf, RouteWords& words);
// Without tenant and secrets, with an id. Poison "bad_route" names the option and what to write.
[[nodiscard]] Result<postgres::NotifyRoute> route_of_words(const RouteWords& words);
// What --secret-file holds, checked for the kind; empty: none was named.
[[nodiscard]] Result<Secret> secret_of_words(const RouteWords& words);
// RFC 3339, or "infinity".
[[nodiscard]] Result<std::string> mute_until(const RouteWords& words, TimeUs now);
[[nodiscard]] std::string joined(const std::vector<std::string>& words);

}  // namespace plumbline::app
