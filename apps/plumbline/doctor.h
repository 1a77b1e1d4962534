// What `plumbline doctor` looks at. Each check gives findings and changes nothing.
#pragma once
#include <string>
#include <vector>

#include "core/config/config.h"

namespace plumbline::app {

enum class Health { kGood, kWarn, kFail };

struct Finding {
  Health health = Health::kGood;
  std::string what;  // short name of what was looked at
  std::string text;  // what was found; for warnings and failures, the fix
};

using Findings = std::vector<Finding>;

// Reachable, version, settings that durability stands on, clock, roles, migrations, outbox.
[[nodiscard]] Findings check_postgres(const config::Config& config);
// The master key, and whether it opens every sealed signing key.
[[nodiscard]] Findings check_keys(const config::Config& config);

// The log: it opens, appends can become durable, and its topics are there.
[[nodiscard]] Findings check_log(const config::Config& config);

}  // namespace plumbline::app
