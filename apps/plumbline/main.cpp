// plumbline: the server's roles and what operates them. Wiring only.
#include <string>
#include <vector>

#include <fmt/format.h>

#include "apps/describe/command.h"
#include "apps/plumbline/command.h"
#include "core/config/options.h"
#include "core/telemetry/logging.h"

namespace {

using plumbline::telemetry::Level;

Level level_of(const std::string& word) {
  if (word == "debug") return Level::kDebug;
  if (word == "warn") return Level::kWarn;
  return word == "error" ? Level::kError : Level::kInfo;
}

// Takes every `--section.name=value` out of the words: names of kafka.options are free, and a mistyped name
// gets a better answer from the table of options than from the parser.
std::vector<std::string> take_flags(int argc, char** argv, plumbline::config::Input& input) {
  std::vector<std::string> rest;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto equals = word.find('=');
    const bool dotted = word.starts_with("--") && equals != std::string::npos && word.find('.') < equals;
    if (dotted) {
      input.flags.emplace_back(word.substr(2, equals - 2), word.substr(equals + 1));
    } else {
      rest.push_back(word);
    }
  }
  return {rest.rbegin(), rest.rend()};  // CLI11 wants the last word first
}

}  // namespace

int main(int argc, char** argv) {
  using namespace plumbline;
  CLI::App root(
      "Plumbline: signed traces in, organization health and drift out.\nEvery option: plumbline config",
      "plumbline");
  root.set_version_flag("--version", std::string("plumbline ") + PLUMBLINE_VERSION);
  root.require_subcommand(1);
  config::Input input;
  input.environment = config::process_environment();
  root.add_option("--config", input.file, "TOML file")->envname("PLUMBLINE_CONFIG")->check(CLI::ExistingFile);
  for (const config::Option& option : config::options()) {
    root.add_option_function<std::string>(
            "--" + std::string(option.name),
            [&input, &option](const std::string& value) {
              input.flags.emplace_back(std::string(option.name), value);
            },
            std::string(option.meaning))
        ->group("");  // `plumbline config` lists them; --help stays a page
  }
  app::Commands commands(root);
  app::add_all(commands);
  const auto pages = describe::add_commands(
      root, "plumbline " PLUMBLINE_VERSION,
      {{"EXIT STATUS",
        {{"0", "All is well."},
         {"1", "It was tried and did not succeed; standard error says why."},
         {"2", "Wrong words, or a configuration that is refused."}}},
       {"CONFIGURATION",
        {{"`--section.name=value`", "An option, as `plumbline config` lists them all."},
         {"PLUMBLINE_SECTION_NAME", "The same by the environment; flags come before it."},
         {"PLUMBLINE_CONFIG", "The TOML file, which comes last."}}}});
  try {
    root.parse(take_flags(argc, argv, input));
  } catch (const CLI::ParseError& error) {
    return root.exit(error) == 0 ? app::kOk : app::kUsage;
  }
  if (const auto code = pages()) return *code;  // they need no configuration
  const auto loaded = config::load(input);
  if (!loaded) {
    fmt::print(stderr, "plumbline: {}\n", loaded.error().message);
    return app::kUsage;
  }
  telemetry::set_level(level_of(loaded->config.log_level));
  const app::Run* run = commands.chosen();
  return run == nullptr ? app::kUsage : (*run)(*loaded);
}
