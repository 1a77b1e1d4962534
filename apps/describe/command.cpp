#include "apps/describe/command.h"

#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>

#include "apps/describe/completion.h"

namespace plumbline::describe {
namespace {

int write_pages(const std::vector<Page>& pages, const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  for (const Page& page : pages) {
    std::ofstream out(folder / page.file, std::ios::binary);
    if (!(out << page.text).flush()) {
      std::cerr << (folder / page.file).string() << " can't be written\n";
      return 1;
    }
  }
  return 0;
}

}  // namespace

std::function<std::optional<int>()> add_commands(CLI::App& root, const std::string& version,
                                                 std::vector<Section> sections) {
  struct Words {
    std::string shell, folder;
  };
  const auto words = std::make_shared<Words>();
  CLI::App* completion =
      root.add_subcommand("completion", "Print a script that completes this command line in a shell");
  completion->add_option("shell", words->shell, "Which shell")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  CLI::App* man = root.add_subcommand("man", "Write the manual pages into a folder");
  man->add_option("folder", words->folder, "Made where it is not there")->required();
  return [=, &root]() -> std::optional<int> {
    if (completion->parsed()) {
      const Command tree = tree_of(root);
      std::cout << (words->shell == "bash"  ? bash_completion(tree)
                    : words->shell == "zsh" ? zsh_completion(tree)
                                            : fish_completion(tree));
      return 0;
    }
    if (man->parsed()) return write_pages(man_pages(tree_of(root), version, sections), words->folder);
    return std::nullopt;
  };
}

}  // namespace plumbline::describe
