// The credentials file: `name = value` lines, in sections `[profile]`; lines before any section are the
// profile `default`. Only its owner may read it. Writers hold a lock on its folder, and replace it in one
// step. Thread-safe.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/secret.h"

namespace plumbline::push {

inline constexpr std::string_view kDefaultProfile = "default";

struct Profile {
  std::string name{kDefaultProfile};
  std::string endpoint = {};
  std::string key_id = {};
  Secret secret = {};
  std::string ca_file = {};
  // Where the key came from, by `plumb auth login`; empty: made by hand.
  std::string console = {};
  std::string tenant = {};
};

// 1 to 64 of A-Z a-z 0-9 . _ -
[[nodiscard]] bool is_profile_name(std::string_view name);

// In the file's order; none when there is no file. Fatal "credentials": it can't be read, others can read it,
// or a line is wrong.
[[nodiscard]] Result<std::vector<Profile>> read_profiles(const std::filesystem::path& file);

// Replaces the values of the profile of that name, or adds it; all else stays as it stands, comments too.
// Makes the folder (0700) and the file (0600).
[[nodiscard]] Status write_profile(const std::filesystem::path& file, const Profile& profile);
// False: there was none of that name.
[[nodiscard]] Result<bool> remove_profile(const std::filesystem::path& file, std::string_view name);

}  // namespace plumbline::push
