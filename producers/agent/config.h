// What `plumb agent` is told: a TOML file (docs/agent.md has every member). Values.
#pragma once
#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "core/redact/policy.h"
#include "core/result.h"
#include "producers/agent/sender.h"
#include "producers/agent/tail.h"
#include "producers/push/credentials.h"

namespace plumbline::agent {

// AtlasBridge's SQLite store, for its sessions.
struct StoreOptions {
  std::filesystem::path path;
  std::string agent = "atlasbridge";
  std::string repo;
  std::chrono::milliseconds interval{15000};
};

struct Config {
  std::filesystem::path state_folder;
  push::CredentialFlags edge;  // empty members: as `plumb push` finds them
  std::int64_t spool_bytes_max = std::int64_t{256} << 20;
  SendOptions send;
  std::string listen_http;            // empty: none
  std::filesystem::path listen_unix;  // empty: none
  std::vector<TailOptions> tails;
  std::vector<StoreOptions> stores;
  std::chrono::milliseconds tail_interval{500};
  redact::Policy redaction;  // without its hash_key
};

// Relative paths are the file's folder's, "~/" is the home folder. Poison "config": the member, what is
// wrong, its bound and the way out.
[[nodiscard]] Result<Config> parse_config(std::string_view toml, const std::filesystem::path& file,
                                          const push::Environment& environment);
[[nodiscard]] Result<Config> load_config(const std::filesystem::path& file,
                                         const push::Environment& environment);

}  // namespace plumbline::agent
