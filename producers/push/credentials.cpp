#include "producers/push/credentials.h"

#include <fstream>

#include "producers/push/document.h"
#include "producers/push/profiles.h"

namespace plumbline::push {
namespace {

namespace fs = std::filesystem;

fs::path xdg_folder(const Environment& environment, const char* variable, const char* below_home) {
  if (const auto set = environment(variable); set && !set->empty()) return fs::path(*set) / "plumbline";
  if (const auto home = environment("HOME"); home && !home->empty())
    return fs::path(*home) / below_home / "plumbline";
  return {};
}

Error wrong(std::string message) {
  return fatal("credentials", std::move(message));
}

Error no_profile(const std::string& name, const fs::path& file, const std::vector<Profile>& known) {
  std::string names;
  for (const Profile& profile : known) names += (names.empty() ? "" : ", ") + profile.name;
  return wrong("there is no profile " + name + " in " + file.string() +
               (names.empty() ? std::string() : " (it has " + names + ")") +
               "; `plumb auth login --profile " + name + "` makes it");
}

Status read_file(const fs::path& file, const std::string& named, Credentials& out) {
  auto profiles = read_profiles(file);
  if (!profiles) return profiles.error();
  const std::string_view wanted = named.empty() ? kDefaultProfile : std::string_view(named);
  for (Profile& profile : *profiles) {
    if (profile.name != wanted) continue;
    out = {std::move(profile.endpoint), std::move(profile.key_id), std::move(profile.secret),
           std::move(profile.ca_file), std::move(profile.name)};
    return ok_status();
  }
  return named.empty() ? ok_status() : Status(no_profile(named, file, *profiles));
}

Result<Secret> read_secret(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) return wrong("the secret's file " + path + " is empty or can't be read");
  return Secret(std::string(without_outer_space(line)));
}

void take(std::string& out, const std::optional<std::string>& value) {
  if (value && !value->empty()) out = *value;
}

Status read_environment(const Environment& environment, Credentials& out) {
  take(out.endpoint, environment("PLUMBLINE_ENDPOINT"));
  take(out.key_id, environment("PLUMBLINE_KEY_ID"));
  if (const auto path = environment("PLUMBLINE_SECRET_FILE"); path && !path->empty()) {
    auto secret = read_secret(*path);
    if (!secret) return secret.error();
    out.secret = std::move(*secret);
  }
  if (auto text = environment("PLUMBLINE_SECRET"); text && !text->empty())
    out.secret = Secret(std::move(*text));
  return ok_status();
}

Status check(const Credentials& found) {
  if (found.endpoint.empty())
    return wrong("no endpoint: `plumb auth login`, --endpoint, PLUMBLINE_ENDPOINT or the credentials file");
  if (!found.endpoint.starts_with("https://") && !found.endpoint.starts_with("http://")) {
    return wrong("the endpoint " + found.endpoint + " begins with neither https:// nor http://");
  }
  if (found.key_id.empty()) return wrong("no key id: --key-id, PLUMBLINE_KEY_ID or the credentials file");
  if (found.secret.empty())
    return wrong("no secret: --secret-file, PLUMBLINE_SECRET_FILE, PLUMBLINE_SECRET or the credentials file");
  return ok_status();
}

}  // namespace

fs::path config_folder(const Environment& environment) {
  return xdg_folder(environment, "XDG_CONFIG_HOME", ".config");
}

fs::path state_folder(const Environment& environment) {
  return xdg_folder(environment, "XDG_STATE_HOME", ".local/state");
}

fs::path credentials_file(const Environment& environment) {
  const fs::path folder = config_folder(environment);
  return folder.empty() ? folder : folder / "credentials";
}

std::string named_profile(const CredentialFlags& flags, const Environment& environment) {
  return flags.profile.empty() ? environment("PLUMBLINE_PROFILE").value_or("") : flags.profile;
}

Result<Credentials> find_credentials(const CredentialFlags& flags, const Environment& environment) {
  Credentials found;
  const std::string named = named_profile(flags, environment);
  if (Status read = read_file(credentials_file(environment), named, found); !read) return read.error();
  take(found.ca_file, environment("PLUMBLINE_CA_FILE"));
  if (flags.profile.empty()) {
    if (Status read = read_environment(environment, found); !read) return read.error();
  }
  take(found.endpoint, flags.endpoint);
  take(found.key_id, flags.key_id);
  take(found.ca_file, flags.ca_file);
  if (!flags.secret_file.empty()) {
    auto secret = read_secret(flags.secret_file);
    if (!secret) return secret.error();
    found.secret = std::move(*secret);
  }
  while (found.endpoint.ends_with('/')) found.endpoint.pop_back();
  if (Status checked = check(found); !checked) return checked.error();
  return found;
}

}  // namespace plumbline::push
