// The embedded log: durable topics in files of one machine (DESIGN section 3, docs/adr/0002-embedded-log.md).
//
// One process owns the folder. Others open it as clients: they append through the owner's socket and read the
// files up to the synced watermark, also while the owner is away. The process that opens it first chooses its
// role itself.
#pragma once
#include <memory>

#include "core/clock.h"
#include "core/config/config.h"
#include "core/log/log.h"

namespace plumbline::log {

struct EmbeddedOptions {
  enum class Role {
    kOwner,   // "log_owned" (retryable) when another process owns the folder
    kClient,  // never owns; "log_absent" (retryable) when there is no log yet
    kAuto,    // owner when nobody owns it, else client
  };
  Role role = Role::kOwner;
  std::chrono::milliseconds keep_interval{1000};  // retention and compaction
  std::int64_t compact_bytes_min = std::int64_t{1} << 20;
  const Clock* clock = nullptr;  // null: the system's
};

Result<std::unique_ptr<Log>> open_embedded(const config::Embedded& config,
                                           const EmbeddedOptions& options = {});

}  // namespace plumbline::log
