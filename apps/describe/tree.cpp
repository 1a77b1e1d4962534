#include "apps/describe/tree.h"

#include <CLI/CLI.hpp>

namespace plumbline::describe {
namespace {

// "TEXT:{a,b}", as CLI::IsMember describes itself.
std::vector<std::string> choices_of(const std::string& type) {
  std::vector<std::string> choices;
  const auto open = type.find('{'), close = type.find('}');
  if (open == std::string::npos || close == std::string::npos) return choices;
  for (std::size_t at = open + 1; at < close;) {
    const std::size_t comma = std::min(type.find(',', at), close);
    choices.push_back(type.substr(at, comma - at));
    at = comma + 1;
  }
  return choices;
}

Option option_of(const CLI::Option& from) {
  Option option;
  for (const std::string& name : from.get_snames()) option.names.push_back("-" + name);
  for (const std::string& name : from.get_lnames()) option.names.push_back("--" + name);
  option.positional = option.names.empty();
  if (option.positional) option.names.push_back(from.get_name(true));
  option.meaning = from.get_description();
  option.flag = from.get_items_expected_max() == 0;
  option.choices = choices_of(from.get_type_name());
  option.required = from.get_required();
  option.many = from.get_items_expected_max() > 1;
  return option;
}

void read(const CLI::App& app, const std::string& above, Command& out) {
  out.name = app.get_name();
  out.path = above.empty() ? out.name : above + " " + out.name;
  out.meaning = app.get_description();
  for (const CLI::App* from = &app; from != nullptr; from = from->get_parent()) {
    for (const CLI::Option* option : from->get_options()) {
      const bool own = from == &app;
      const bool shown = !option->get_group().empty() && (own || !option->get_positional());
      const bool words = option == from->get_help_ptr() || option == from->get_version_ptr();
      if (shown && (own || !words)) out.options.push_back(option_of(*option));
    }
    if (!from->get_fallthrough()) break;
  }
  for (const CLI::App* each : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!each->get_group().empty()) read(*each, out.path, out.commands.emplace_back());
  }
}

}  // namespace

Command tree_of(const CLI::App& root) {
  Command tree;
  read(root, "", tree);
  return tree;
}

}  // namespace plumbline::describe
