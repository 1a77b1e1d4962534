// What pushes saw of each decision file, so that a later look notices a lost tail: one small file for each
// path in the state folder, replaced in one step. Not thread-safe.
#pragma once
#include <filesystem>
#include <optional>

#include "core/chain/verify_file.h"
#include "core/result.h"

namespace plumbline::push {

class ChainState {
 public:
  // An empty folder remembers nothing.
  explicit ChainState(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // nullopt when this file was never pushed, or what is remembered can't be read.
  [[nodiscard]] std::optional<chain::Recorded> find(const std::filesystem::path& file) const;
  [[nodiscard]] Status remember(const std::filesystem::path& file, const chain::FileReport& report) const;

 private:
  [[nodiscard]] std::filesystem::path place(const std::filesystem::path& file) const;
  std::filesystem::path folder_;
};

// Verdict over one decision file and what earlier pushes saw of it. When the agent rotated the file
// meanwhile, the recorded chain is looked for in its archives (NAME.jsonl.1 to .3), and a chain that is in
// none of them is a missing tail.
[[nodiscard]] chain::FileReport verify_against(const ChainState& state, const std::filesystem::path& file,
                                               std::string_view text);

}  // namespace plumbline::push
