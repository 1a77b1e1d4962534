// Sessions of AtlasBridge's SQLite store (schema versions 1 to 9, `PRAGMA user_version`), read-only: their
// times, status and how many prompts they had; never a prompt, a reply, a command or a folder. Thread-safe.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/result.h"

namespace plumbline::agent {

// As the store has them; times are texts of either form that AtlasBridge writes, empty where there is none.
struct SessionRow {
  std::string id, tool, status, started_at, ended_at, last_prompt_at;
  std::int64_t prompts = 0, replies = 0, expired = 0, failed = 0, canceled = 0;
};

// The newest first, at most this many: older ones changed long ago and were sent then.
inline constexpr int kSessionsMax = 500;

// Empty when there is no such file. Retryable "store": locked, or not such a store; the message says which.
[[nodiscard]] Result<std::vector<SessionRow>> read_sessions(const std::filesystem::path& path);

}  // namespace plumbline::agent
