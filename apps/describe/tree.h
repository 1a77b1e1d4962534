// A command line as plain values, read from CLI11's own tree, so that completion and manual pages say what
// the parser takes. Hidden commands and options are left out.
#pragma once
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace plumbline::describe {

struct Option {
  std::vector<std::string> names;  // "-h", "--help"; of a positional its one name
  std::string meaning;
  std::vector<std::string> choices;  // the values that are taken; none: any
  bool positional = false;
  bool flag = false;  // takes no value
  bool required = false;
  bool many = false;
};

struct Command {
  std::string path;  // "plumb agent run"
  std::string name;  // "run"
  std::string meaning;
  std::vector<Option> options;  // its own, and those of above that it takes too
  std::vector<Command> commands;
};

[[nodiscard]] Command tree_of(const CLI::App& root);

}  // namespace plumbline::describe
