// The other ends of notifications as processes of a test: tests/support/fakes/*.py.
#pragma once
#include <string>
#include <vector>

#include "tests/support/process/process.h"

namespace plumbline::tests {

// One of the scripts on a free port of loopback; ended with the object. Throws when it does not come up.
class Fake {
 public:
  Fake(const std::string& script, const std::vector<std::string>& more = {});
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string url(const std::string& path = "") const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }
  [[nodiscard]] test::Process& process() { return process_; }

 private:
  test::TempFolder folder_;
  test::Process process_;
  int port_ = 0;
};

// What `python SCRIPT WORDS…` of tests/support/fakes prints; throws when it raises.
[[nodiscard]] std::string run_script(const std::string& script, const std::vector<std::string>& words);

}  // namespace plumbline::tests
