#include "apps/describe/completion.h"

namespace plumbline::describe {
namespace {

// fish reads \ in single quotes as an escape; the other two don't.
std::string in_fish(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

std::string option_line(const std::string& begin, const Option& option) {
  std::string out = begin;
  for (const std::string& name : option.names) {
    if (name.starts_with("--")) {
      out += " -l " + name.substr(2);
    } else {
      out += " -s " + name.substr(1);
    }
  }
  if (!option.flag) out += option.choices.empty() ? " -r -F" : " -x";
  if (!option.choices.empty()) {
    std::string words;
    for (const std::string& choice : option.choices) words.append(words.empty() ? "" : " ").append(choice);
    out += " -a " + in_fish(words);
  }
  return out + " -d " + in_fish(first_line(option.meaning)) + "\n";
}

}  // namespace

std::string fish_completion(const Command& root) {
  const std::string function = "__" + root.name + "_at";
  std::string out =
      "# fish completion for " + root.name + ", made by `" + root.name +
      " completion fish`\n"
      "function " +
      function +
      "\n  set -l at ''\n  for each in (commandline -opc)[2..-1]\n    switch \"$at $each\"\n      case";
  for (const Command* command : all_commands(root)) {
    if (command != &root) out += " " + in_fish(below(root, *command));
  }
  out += "\n        set at \"$at $each\"\n    end\n  end\n  test \"$at\" = \"$argv\"\nend\n";
  for (const Command* command : all_commands(root)) {
    const std::string begin =
        "complete -c " + root.name + " -n \"" + function + " '" + below(root, *command) + "'\"";
    std::string words;
    for (const Command& each : command->commands)
      words += begin + " -f -a " + each.name + " -d " + in_fish(first_line(each.meaning)) + "\n";
    for (const Option& option : command->options) {
      if (!option.positional) {
        out += option_line(begin, option);
      } else {
        for (const std::string& choice : option.choices) words += begin + " -f -a " + choice + "\n";
      }
    }
    if (!words.empty()) out += begin + " -f\n" + words;
  }
  return out;
}

}  // namespace plumbline::describe
