// A private Apache Kafka broker for tests: KRaft in one process, own folder, own ports, started from the jars
// in .cache/kafka (tests/support/kafka/fetch.sh). Gone afterwards, also when a test fails or crashes.
#pragma once
#include <map>
#include <memory>
#include <string>

#include "tests/support/process/process.h"

namespace plumbline::tests {

// Not thread-safe. Make it on a thread that lives as long as the broker shall: it dies with that thread
// (PDEATHSIG). Failures throw std::runtime_error with the end of the broker's output.
class KafkaBroker {
 public:
  // Formats the storage and starts; `settings` are lines of server.properties on top of ours.
  // `far_port`: clients that come to far_listens_on() are told to go on over this port of loopback, where a
  // test's proxy listens; 0: no such listener. `first`: the broker whose cluster this one joins as its
  // second; otherwise it is a cluster of its own.
  explicit KafkaBroker(const std::map<std::string, std::string>& settings = {}, int far_port = 0,
                       const KafkaBroker* first = nullptr);
  ~KafkaBroker();
  KafkaBroker(const KafkaBroker&) = delete;
  KafkaBroker& operator=(const KafkaBroker&) = delete;

  void start();  // on the same ports and data; returns once a client gets metadata
  void kill9();
  void stop();  // orderly
  void restart() {
    stop();
    start();
  }
  void pause() const;   // SIGSTOP: half-open connections, no answers
  void resume() const;  // SIGCONT

  [[nodiscard]] std::string bootstrap() const { return "127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] int far_listens_on() const { return far_listens_on_; }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }
  [[nodiscard]] test::Process& process() { return *server_; }
  [[nodiscard]] std::string output_tail() const { return server_->output_tail(); }

 private:
  void write_settings(const std::map<std::string, std::string>& settings);
  void format();
  [[nodiscard]] std::vector<std::string> java(const std::string& main_class) const;

  test::TempFolder folder_;
  int port_ = 0;
  int controller_port_ = 0;
  int far_port_ = 0;
  int far_listens_on_ = 0;
  int joins_ = 0;  // the controller of the first broker of its cluster; 0: it is the first
  std::unique_ptr<test::Process> server_;
};

}  // namespace plumbline::tests
