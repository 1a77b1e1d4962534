#include "producers/push/credentials.h"

#include <fstream>

#include <sys/stat.h>

#include "producers/push/document.h"

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

Status read_line(std::string_view line, const fs::path& path, Credentials& out) {
  const std::string_view text = without_outer_space(line);
  if (text.empty() || text.front() == '#') return ok_status();
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos)
    return wrong(path.string() + " holds a line that is not `name = value`");
  const std::string_view name = without_outer_space(text.substr(0, equals));
  const std::string value{without_outer_space(text.substr(equals + 1))};
  if (name == "endpoint") {
    out.endpoint = value;
  } else if (name == "key_id") {
    out.key_id = value;
  } else if (name == "secret") {
    out.secret = Secret(value);
  } else if (name == "ca_file") {
    out.ca_file = value;
  } else {
    return wrong(path.string() + " names " + std::string(name) +
                 "; known are endpoint, key_id, secret and ca_file");
  }
  return ok_status();
}

Status read_file(const fs::path& path, Credentials& out) {
  struct stat info {};
  if (path.empty() || stat(path.c_str(), &info) != 0) return ok_status();
  if ((info.st_mode & 077) != 0)
    return wrong(path.string() + " can be read by others: chmod 600 " + path.string());
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (Status read = read_line(line, path, out); !read) return read;
  }
  return ok_status();
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
  take(out.ca_file, environment("PLUMBLINE_CA_FILE"));
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
    return wrong("no endpoint: --endpoint, PLUMBLINE_ENDPOINT or the credentials file");
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

Result<Credentials> find_credentials(const CredentialFlags& flags, const Environment& environment) {
  Credentials found;
  const fs::path folder = config_folder(environment);
  if (Status read = read_file(folder.empty() ? folder : folder / "credentials", found); !read)
    return read.error();
  if (Status read = read_environment(environment, found); !read) return read.error();
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
