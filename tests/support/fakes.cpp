#include "tests/support/fakes.h"

#include <fstream>
#include <iterator>
#include <stdexcept>

namespace plumbline::tests {
namespace {

constexpr const char* kScripts = PLUMBLINE_SOURCE_DIR "/tests/support/fakes/";

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::string> command(const std::string& script, const std::filesystem::path& folder,
                                 const std::vector<std::string>& more) {
  std::vector<std::string> words{PLUMBLINE_PYTHON, kScripts + script, "--port", "0",
                                 "--port-file",    folder / "port"};
  if (script == "mail.py") words.insert(words.end(), {"--out", folder / "mails"});
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

}  // namespace

Fake::Fake(const std::string& script, const std::vector<std::string>& more)
    : folder_("fake"),
      process_({.command = command(script, folder_.path(), more),
                .environment = {},
                .output = folder_.path() / "output"}) {
  process_.start();
  if (!test::wait_for([&] { return std::filesystem::exists(folder_.path() / "port"); }))
    throw std::runtime_error(script + " does not come up: " + process_.output_tail());
  std::ifstream(folder_.path() / "port") >> port_;
}

std::string run_script(const std::string& script, const std::vector<std::string>& words) {
  const test::TempFolder folder("script");
  std::vector<std::string> command{PLUMBLINE_PYTHON, kScripts + script};
  command.insert(command.end(), words.begin(), words.end());
  test::Process process({.command = command, .environment = {}, .output = folder.path() / "output"});
  process.start();
  if (!test::wait_for([&] { return !process.running(); })) throw std::runtime_error(script + " does not end");
  const std::string text = read(folder.path() / "output");
  if (text.find("Traceback (most recent call last)") != std::string::npos)
    throw std::runtime_error(script + " failed: " + text.substr(0, 2000));
  return text;
}

}  // namespace plumbline::tests
