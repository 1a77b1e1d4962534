#include <memory>

#include <fmt/format.h>

#include "apps/plumbline/command.h"

namespace plumbline::app {

void add_config(Commands& commands) {
  const auto markdown = std::make_shared<bool>(false);
  auto& leaf =
      commands.add(commands.root(), "config", "print every option with its value, default, bound and meaning",
                   [markdown](const config::Loaded& loaded) {
                     fmt::print("{}", *markdown ? config::print_markdown() : config::print_text(loaded));
                     return kOk;
                   });
  leaf.add_flag("--markdown", *markdown, "the table of docs/configuration.md");
}

}  // namespace plumbline::app
