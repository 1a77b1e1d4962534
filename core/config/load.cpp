#include "core/config/load.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <sstream>

#include <toml++/toml.h>

#include "core/config/options.h"

extern char** environ;  // NOLINT: POSIX

namespace plumbline::config {
namespace {

constexpr std::string_view kPrefix = "PLUMBLINE_";
constexpr std::string_view kKafkaPrefix = "PLUMBLINE_KAFKA_OPTIONS_";
constexpr std::string_view kKafkaName = "kafka.options.";

std::string did_you_mean(std::string_view name) {
  const auto nearest = nearest_option(name);
  if (nearest.empty()) return "`plumbline config` lists every option";
  return "did you mean " + std::string(nearest) + "?";
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::optional<std::string> text_of(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  if (const auto* real = node.as_floating_point()) {
    std::ostringstream out;
    out << real->get();
    return out.str();
  }
  return std::nullopt;
}

std::string at(const std::string& path, const toml::source_region& region) {
  return path + ':' + std::to_string(region.begin.line);
}

// One walk over all sources; problems gather instead of stopping it.
class Loader {
 public:
  void file(const std::string& path) {
    try {
      table(path, "", toml::parse_file(path));
    } catch (const toml::parse_error& error) {
      problem(at(path, error.source()), std::string(error.description()) + "; correct the file or its name");
    }
  }

  void variable(const std::string& name, const std::string& value) {
    if (!name.starts_with(kPrefix)) return;
    if (name.starts_with(kKafkaPrefix)) {
      std::string key = lower(name.substr(kKafkaPrefix.size()));
      const bool from_file = key.ends_with("_file");  // the one underscore that is no dot
      std::replace(key.begin(), key.end(), '_', '.');
      if (from_file) key.replace(key.size() - 5, 5, "_file");
      return kafka(key, value, name);
    }
    for (const Option& option : options()) {
      if (option.variable() == name) return set(option, value, name);
    }
    unknown_variable(name);
  }

  void flag(const std::string& name, const std::string& value) {
    if (name.starts_with(kKafkaName)) return kafka(name.substr(kKafkaName.size()), value, "--" + name);
    if (const Option* option = find_option(name)) return set(*option, value, "--" + name);
    problem("--" + name, "no such option; " + did_you_mean(name));
  }

  Result<Loaded> finish() {
    if (problems_.empty()) problems_ = cross_check(loaded_);
    if (problems_.empty()) return std::move(loaded_);
    std::string all;
    for (const auto& line : problems_) all += (all.empty() ? "" : "\n") + line;
    return fatal("config", all);
  }

 private:
  void table(const std::string& path, const std::string& prefix, const toml::table& entries) {
    for (const auto& [key, node] : entries) {
      const std::string name = prefix + std::string(key.str());
      const std::string place = at(path, node.source());
      if (node.is_table()) {
        table(path, name + '.', *node.as_table());
      } else if (const auto text = text_of(node); !text) {
        problem(place, name + " is a list or a date; write a string or a number");
      } else if (name.starts_with(kKafkaName)) {
        kafka(name.substr(kKafkaName.size()), *text, place);
      } else if (const Option* option = find_option(name)) {
        scalar(*option, node, *text, place);
      } else {
        problem(place, "no such option " + name + "; " + did_you_mean(name));
      }
    }
  }

  // A string where a number belongs, or the other way round, is a mistake even when the text would parse.
  void scalar(const Option& option, const toml::node& node, const std::string& text,
              const std::string& place) {
    const bool wants_number = std::holds_alternative<Count>(option.kind);
    const bool number_allowed = wants_number || std::holds_alternative<Size>(option.kind);
    if (wants_number && !node.is_integer()) {
      return problem(
          place, option.name + " is a whole number; write one from " + option.bound() + " without quotes");
    }
    if (!node.is_string() && !(number_allowed && node.is_integer())) {
      return problem(place,
                     option.name + " wants a quoted string; write \"" + text + "\" as " + option.bound());
    }
    set(option, text, place);
  }

  void set(const Option& option, const std::string& text, const std::string& place) {
    if (const Status done = option.set(loaded_.config, text); !done) {
      return problem(place, option.name + ": " + done.error().message);
    }
    loaded_.places[option.name] = place;
  }

  void kafka(const std::string& key, const std::string& value, const std::string& place) {
    if (const Status done = set_kafka_option(loaded_.config, key, value); !done)
      return problem(place, done.error().message);
    loaded_.places[std::string(kKafkaOptions)] = place;
  }

  // Variables of other programs may share the prefix (the client's own; service links of Kubernetes such as
  // PLUMBLINE_EDGE_SERVICE_HOST or PLUMBLINE_EDGE_PORT): only what looks like one of our sections is a
  // mistake.
  void unknown_variable(const std::string& name) {
    if (name.find("_SERVICE_") != std::string::npos || name.find("_PORT") != std::string::npos) return;
    for (const Option& option : options()) {
      const auto dot = option.name.find('.');
      if (dot == std::string::npos) continue;
      std::string meant = lower(name.substr(kPrefix.size()));
      if (!meant.starts_with(option.name.substr(0, dot) + '_')) continue;
      meant[dot] = '.';
      return problem(name, "no such option " + meant + "; " + did_you_mean(meant));
    }
  }

  void problem(const std::string& place, const std::string& what) {
    problems_.push_back(place + ": " + what);
  }

  Loaded loaded_;
  std::vector<std::string> problems_;
};

}  // namespace

std::map<std::string, std::string> process_environment() {
  std::map<std::string, std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (const auto equals = text.find('='); equals != std::string::npos)
      all[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return all;
}

Result<Loaded> load(const Input& input) {
  Loader loader;
  if (!input.file.empty()) loader.file(input.file);
  for (const auto& [name, value] : input.environment) loader.variable(name, value);
  for (const auto& [name, value] : input.flags) loader.flag(name, value);
  return loader.finish();
}

}  // namespace plumbline::config
