#include "apps/describe/completion.h"

namespace plumbline::describe {
namespace {

// The shells' own functions are named for the command.
std::string function_of(const Command& root) {
  return "_" + root.name;
}

// 'a'|'b'|'c', for `case`; "" for none.
template <class Texts>
std::string alternatives(const Texts& texts) {
  std::string out;
  for (const std::string& text : texts) out.append(out.empty() ? "" : "|").append(quoted(text));
  return out;
}

std::vector<std::string> paths_below(const Command& root) {
  std::vector<std::string> paths;
  for (const Command* command : all_commands(root)) {
    if (command != &root) paths.push_back(below(root, *command));
  }
  return paths;
}

// Of a command: "PATH --option" for every option with a value, with choices or without.
std::vector<std::string> valued(const Command& root, bool with_choices) {
  std::vector<std::string> places;
  for (const Command* command : all_commands(root)) {
    for (const Option& option : command->options) {
      if (option.positional || option.flag || option.choices.empty() == with_choices) continue;
      for (const std::string& name : option.names) places.push_back(below(root, *command) + " " + name);
    }
  }
  return places;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out.append(out.empty() ? "" : " ").append(word);
  return out;
}

std::vector<std::string> positional_choices(const Command& command) {
  for (const Option& option : command.options) {
    if (option.positional && !option.choices.empty()) return option.choices;
  }
  return {};
}

// The cases for options with a choice: `before` and `after` stand around the words.
std::string choice_cases(const Command& root, const char* open, const char* before, const char* after) {
  std::string out;
  for (const Command* command : all_commands(root)) {
    for (const Option& option : command->options) {
      if (option.positional || option.flag || option.choices.empty()) continue;
      std::vector<std::string> places;
      for (const std::string& name : option.names) places.push_back(below(root, *command) + " " + name);
      out.append("    ").append(open).append(alternatives(places)).append(")").append(before);
      out.append(joined(option.choices)).append(after).append("\n");
    }
  }
  return out;
}

// name:meaning, for zsh's _describe.
std::string described(const std::string& name, const std::string& meaning) {
  return quoted(name + ":" + meaning.substr(0, meaning.find('\n')));
}

}  // namespace

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

std::vector<const Command*> all_commands(const Command& root) {
  std::vector<const Command*> found{&root};
  for (const Command& each : root.commands) {
    const auto more = all_commands(each);
    found.insert(found.end(), more.begin(), more.end());
  }
  return found;
}

std::string below(const Command& root, const Command& command) {
  return command.path.substr(root.path.size());
}

std::string bash_completion(const Command& root) {
  const std::string function = function_of(root);
  std::string out = "# bash completion for " + root.name + ", made by `" + root.name + " completion bash`\n" +
                    function + "() {\n";
  out +=
      "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} path= words= i\n"
      "  COMPREPLY=()\n"
      "  if [[ $word == = ]]; then word=; elif [[ $before == = ]]; then before=${COMP_WORDS[COMP_CWORD-2]}; "
      "fi\n"
      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
      "    case \"$path ${COMP_WORDS[i]}\" in\n";
  out += "      " + alternatives(paths_below(root)) + ") path=\"$path ${COMP_WORDS[i]}\" ;;\n";
  out += "    esac\n  done\n  case \"$path $before\" in\n";
  out += choice_cases(root, "", " COMPREPLY=($(compgen -W '", "' -- \"$word\")); return ;;");
  if (const auto places = valued(root, false); !places.empty())
    out += "    " + alternatives(places) + ") return ;;  # a value: files, by default\n";
  out += "  esac\n  case \"$path\" in\n";
  for (const Command* command : all_commands(root)) {
    std::vector<std::string> options, words = positional_choices(*command);
    for (const Option& option : command->options) {
      if (!option.positional) options.insert(options.end(), option.names.begin(), option.names.end());
    }
    for (const Command& each : command->commands) words.push_back(each.name);
    out += "    " + quoted(below(root, *command)) + ")\n      if [[ $word == -* ]]; then words='" +
           joined(options) + "'; else words='" + joined(words) + "'; fi\n";
    if (!words.empty()) out += "      compopt +o default 2>/dev/null  # no files here\n";
    out += "      ;;\n";
  }
  out += "  esac\n  COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n}\ncomplete -o default -F " +
         function + " " + root.name + "\n";
  return out;
}

std::string zsh_completion(const Command& root) {
  const std::string function = function_of(root);
  std::string out = "#compdef " + root.name + "\n# zsh completion for " + root.name + ", made by `" +
                    root.name + " completion zsh`\n" + function + "() {\n";
  out +=
      "  local at= before=${words[CURRENT-1]} i\n  local -a commands options\n"
      "  for ((i = 2; i < CURRENT; i++)); do\n    case \"$at ${words[i]}\" in\n";
  out += "      (" + alternatives(paths_below(root)) + ") at=\"$at ${words[i]}\" ;;\n";
  out += "    esac\n  done\n  case \"$at $before\" in\n";
  out += choice_cases(root, "(", " compadd -- ", "; return ;;");
  if (const auto places = valued(root, false); !places.empty())
    out += "    (" + alternatives(places) + ") _files; return ;;\n";
  out += "  esac\n  case $at in\n";
  for (const Command* command : all_commands(root)) {
    out += "    (" + quoted(below(root, *command)) + ")\n      options=(";
    for (const Option& option : command->options) {
      for (const std::string& name : option.names) {
        if (!option.positional) out += "\n        " + described(name, option.meaning);
      }
    }
    out += ")\n      commands=(";
    for (const std::string& choice : positional_choices(*command)) out += " " + quoted(choice);
    for (const Command& each : command->commands) out += "\n        " + described(each.name, each.meaning);
    out += ") ;;\n";
  }
  out +=
      "  esac\n  if [[ $PREFIX == -* ]]; then _describe -o option options\n"
      "  elif (( $#commands )); then _describe command commands\n  else _files; fi\n}\n";
  out += "if [[ ${funcstack[1]} == " + function + " ]]; then " + function + " \"$@\"; else compdef " +
         function + " " + root.name + "; fi\n";
  return out;
}

}  // namespace plumbline::describe
