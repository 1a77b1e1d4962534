// `plumb agent` as a process of a test, in a folder of its own: configured, started again and again, spoken
// to as programs of the machine do. Not thread-safe, but post may be called from other threads.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/process/process.h"
#include "tests/support/stack/stack.h"

namespace plumbline::tests {

struct AgentAnswer {
  int status = 0;  // 0: none came
  std::string body;
};

class AgentBox {
 public:
  // Sends to `port` of loopback with the tenant's key. `toml` is added to the configuration, whose state is
  // the folder `state` and which listens on http_port().
  AgentBox(const std::string& name, const Tenant& tenant, int port, const std::string& toml = "");

  // With these variables for this one run: fault_io's, for example.
  void start(const std::map<std::string, std::string>& environment = {});
  // Words before the command: nsenter, for example.
  void wrap(std::vector<std::string> words) { wrapper_ = std::move(words); }
  [[nodiscard]] test::Process& process() { return *process_; }
  // True once it listens; false when it ended before.
  [[nodiscard]] bool listens();

  [[nodiscard]] AgentAnswer post(const std::string& path, const std::string& type,
                                 std::string_view body) const;
  // One native span with this number in its id, padded to about `bytes`; 202 or the refusal.
  [[nodiscard]] AgentAnswer post_span(std::uint64_t number, std::size_t bytes = 0) const;

  // A number of the running agent's status, such as {"spool", "waiting"}; -1 when it is not there. Of a list
  // its first.
  [[nodiscard]] std::int64_t number(const std::vector<std::string>& path) const;
  [[nodiscard]] std::string text(const std::vector<std::string>& path) const;
  // `plumb WORDS… --config …`; exit code and output.
  [[nodiscard]] std::pair<int, std::string> plumb(const std::string& words) const;
  // Everything it holds is sent.
  [[nodiscard]] bool drained() const;

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }
  [[nodiscard]] std::filesystem::path state() const { return folder_.path() / "state"; }
  [[nodiscard]] std::filesystem::path config() const { return folder_.path() / "agent.toml"; }
  [[nodiscard]] int http_port() const { return http_port_; }

 private:
  test::TempFolder folder_;
  const int http_port_;
  std::vector<std::string> wrapper_;
  std::unique_ptr<test::Process> process_;
};

// The path of the library that fault_io.cpp is.
[[nodiscard]] std::string fault_io();
// The id and the whole of a native span event.
[[nodiscard]] std::string span_id(std::uint64_t number);
[[nodiscard]] std::string span_line(std::uint64_t number, std::size_t bytes = 0);
// Numbers of spans that PostgreSQL does not have exactly once.
[[nodiscard]] std::set<std::uint64_t> not_stored_once(const Stack& stack,
                                                      const std::set<std::uint64_t>& wanted);

}  // namespace plumbline::tests
