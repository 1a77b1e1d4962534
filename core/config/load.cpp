#include "core/config/load.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>

#include <sys/stat.h>
#include <toml++/toml.h>

#include "core/config/options.h"
#include "core/config/values.h"

extern char** environ;  // NOLINT: POSIX

namespace plumbline::config {
namespace {

constexpr std::string_view kKafkaOptions = "kafka.options.";

// Variables that are Plumbline's but no option of the server: the client's credentials and the tests' knobs.
constexpr std::string_view kOtherVariables[] = {
    "PLUMBLINE_CONFIG", "PLUMBLINE_ENDPOINT",          "PLUMBLINE_KEY_ID",
    "PLUMBLINE_SECRET", "PLUMBLINE_SECRET_FILE",       "PLUMBLINE_SEED",
    "PLUMBLINE_KILLS",  "PLUMBLINE_PROPERTY_EXAMPLES", "PLUMBLINE_PROFILE"};

Error at(const std::string& place, const std::string& what) {
  return poison("config", place + ": " + what);
}

Result<std::string> read_secret(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0)
    return poison("config", "the file " + path + " can't be read; make it or correct the path");
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return poison("config",
                  "the file " + path + " can be read by others than its owner; run: chmod 600 " + path);
  }
  std::ifstream file(path, std::ios::binary);
  std::string content{std::istreambuf_iterator<char>(file), {}};
  while (!content.empty() && (content.back() == '\n' || content.back() == '\r')) content.pop_back();
  if (content.empty()) return poison("config", "the file " + path + " is empty");
  return content;
}

Status apply(Loaded& loaded, const std::string& name, const std::string& value, const std::string& place) {
  if (name.starts_with(kKafkaOptions) && name.size() > kKafkaOptions.size()) {
    loaded.config.kafka.options[name.substr(kKafkaOptions.size())] = value;
    loaded.places[name] = place;
    return ok_status();
  }
  const Option* option = find_option(name);
  if (option == nullptr) {
    return at(place, "there is no option \"" + name + "\"; did you mean \"" + nearest_option(name) +
                         "\"? `plumbline config` lists them all");
  }
  std::string text = value;
  if (option->is_file_of_secret) {
    auto content = read_secret(value);
    if (!content) return at(place, name + ": " + content.error().message);
    text = *content;
  }
  if (auto set = option->set(loaded.config, text); !set) return at(place, name + ": " + set.error().message);
  loaded.places[name] = place;
  return ok_status();
}

std::optional<std::string> scalar(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* truth = node.as_boolean()) return truth->get() ? "true" : "false";
  return std::nullopt;
}

Status apply_table(Loaded& loaded, const toml::table& table, const std::string& prefix,
                   const std::string& file) {
  for (const auto& [key, node] : table) {
    const std::string name = prefix + std::string(key.str());
    const std::string place = file + ":" + std::to_string(node.source().begin.line);
    if (const auto* inner = node.as_table()) {
      if (auto done = apply_table(loaded, *inner, name + ".", file); !done) return done;
      continue;
    }
    const auto text = scalar(node);
    if (!text) return at(place, name + " must be a text or an integer");
    if (auto done = apply(loaded, name, *text, place); !done) return done;
  }
  return ok_status();
}

Status apply_file(Loaded& loaded, const std::string& file) {
  try {
    const toml::table table = toml::parse_file(file);
    return apply_table(loaded, table, "", file);
  } catch (const toml::parse_error& error) {
    return at(file + ":" + std::to_string(error.source().begin.line), std::string(error.description()));
  }
}

Status apply_environment(Loaded& loaded, const std::map<std::string, std::string>& environment) {
  for (const auto& [variable, value] : environment) {
    if (!variable.starts_with("PLUMBLINE_")) continue;
    if (std::find(std::begin(kOtherVariables), std::end(kOtherVariables), variable) !=
        std::end(kOtherVariables))
      continue;
    std::string name = variable;
    for (const Option& option : options()) {
      if (environment_name(option.name) == variable) name = option.name;
    }
    if (auto done = apply(loaded, name, value, "environment variable " + variable); !done) return done;
  }
  return ok_status();
}

// What no single option can say.
Status check_together(const Config& config) {
  if (config.edge.tls_cert_file.empty() != config.edge.tls_key_file.empty()) {
    return poison("config", "edge.tls_cert_file and edge.tls_key_file go together: set both or none");
  }
  return ok_status();
}

}  // namespace

Result<Loaded> load(const Input& input) {
  Loaded loaded;
  if (!input.file.empty()) {
    if (auto done = apply_file(loaded, input.file); !done) return done.error();
  }
  if (auto done = apply_environment(loaded, input.environment); !done) return done.error();
  for (const auto& [name, value] : input.flags) {
    if (auto done = apply(loaded, name, value, "flag --" + name); !done) return done.error();
  }
  if (auto done = check_together(loaded.config); !done) return done.error();
  return loaded;
}

std::map<std::string, std::string> process_environment() {
  std::map<std::string, std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const auto equals = text.find('=');
    if (equals != std::string_view::npos)
      all[std::string(text.substr(0, equals))] = std::string(text.substr(equals + 1));
  }
  return all;
}

std::string print_markdown() {
  const Config defaults;
  std::string out =
      "# Configuration\n\nMade by `plumbline config --markdown`; a test keeps it so. A value comes from the "
      "TOML file, over it from the\n"
      "environment, over it from a flag: `[edge] listen`, `PLUMBLINE_EDGE_LISTEN`, `--edge.listen`. "
      "`[kafka.options]` passes any\n"
      "option of librdkafka through (SASL, TLS), but for those that would break a promise.\n\n"
      "| option | default | bound | meaning |\n|---|---|---|---|\n";
  for (const Option& option : options()) {
    const std::string value = option.get(defaults);
    out += "| `" + option.name + "` | " + (value.empty() ? "" : "`" + value + "`") + " | " + option.bound +
           " | " + option.meaning + " |\n";
  }
  return out;
}

std::string print_text(const Loaded& loaded) {
  const Config defaults;
  std::string out;
  for (const Option& option : options()) {
    const auto place = loaded.places.find(option.name);
    out += option.name + " = " + option.get(loaded.config);
    out += place == loaded.places.end()
               ? "  (default)\n"
               : "  (from " + place->second + "; default " + option.get(defaults) + ")\n";
    out += "    " + option.meaning + "; " + option.bound + "\n";
  }
  for (const auto& [name, value] : loaded.config.kafka.options) {
    out += std::string(kKafkaOptions) + name + "  (from " +
           loaded.places.at(std::string(kKafkaOptions) + name) + ")\n";
  }
  return out;
}

}  // namespace plumbline::config
