#include "tests/support/kafka_broker.h"

#include <csignal>
#include <fstream>
#include <stdexcept>

#include "core/log/kafka/kafka_log.h"

namespace plumbline::tests {
namespace {

constexpr std::chrono::seconds kStartMax{180};  // a JVM on a machine that is busy ten times over

}  // namespace

KafkaBroker::KafkaBroker(const std::map<std::string, std::string>& settings, int far_port,
                         const KafkaBroker* first)
    : folder_("kafka"),
      port_(test::free_port()),
      controller_port_(test::free_port()),
      far_port_(far_port),
      far_listens_on_(far_port == 0 ? 0 : test::free_port()),
      joins_(first == nullptr ? 0 : first->controller_port_) {
  write_settings(settings);
  format();
  auto command = java("kafka.Kafka");
  command.push_back((folder_.path() / "server.properties").string());
  server_ = std::make_unique<test::Process>(test::ProcessOptions{command, {}, folder_.path() / "server.log"});
  start();
}

KafkaBroker::~KafkaBroker() {
  server_.reset();  // killed and reaped before the folder goes
}

std::vector<std::string> KafkaBroker::java(const std::string& main_class) const {
  return {
      "java", "-Xmx384m", "-Xms128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
      // A broker without memory may go on with some of its threads gone: then it shall rather be gone itself.
      "-XX:+ExitOnOutOfMemoryError", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
      "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.coordinator.group=info",
      "-Dorg.slf4j.simpleLogger.showDateTime=true",
      "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS", "-cp",
      std::string(PLUMBLINE_KAFKA_JARS) + "/*", main_class};
}

void KafkaBroker::write_settings(const std::map<std::string, std::string>& settings) {
  std::map<std::string, std::string> all = {
      {"process.roles", "broker,controller"},
      {"node.id", "1"},
      {"listeners", "PLAINTEXT://127.0.0.1:" + std::to_string(port_) +
                        ",CONTROLLER://127.0.0.1:" + std::to_string(controller_port_)},
      {"advertised.listeners", "PLAINTEXT://127.0.0.1:" + std::to_string(port_)},
      {"controller.listener.names", "CONTROLLER"},
      {"controller.quorum.voters", "1@127.0.0.1:" + std::to_string(controller_port_)},
      {"log.dirs", (folder_.path() / "data").string()},
      {"offsets.topic.replication.factor", "1"},
      {"offsets.topic.num.partitions", "1"},
      {"transaction.state.log.replication.factor", "1"},
      {"transaction.state.log.min.isr", "1"},
      {"transaction.state.log.num.partitions", "1"},
      {"share.coordinator.state.topic.replication.factor", "1"},
      {"share.coordinator.state.topic.min.isr", "1"},
      {"group.initial.rebalance.delay.ms", "0"},
      {"group.min.session.timeout.ms", "1000"},
      {"log.retention.check.interval.ms", "1000"},
      {"log.cleaner.backoff.ms", "500"},
      {"log.cleaner.dedupe.buffer.size", "4194304"},
      {"log.initial.task.delay.ms", "1000"},
      {"log.segment.delete.delay.ms", "1000"},
      // A broker that comes back after kill -9 waits for its former self's session to end.
      {"broker.heartbeat.interval.ms", "500"},
      {"broker.session.timeout.ms", "3000"},
  };
  if (joins_ != 0) {
    all["process.roles"] = "broker";
    all["node.id"] = "2";
    all["listeners"] = "PLAINTEXT://127.0.0.1:" + std::to_string(port_);
    all["controller.quorum.voters"] = "1@127.0.0.1:" + std::to_string(joins_);
  }
  if (far_port_ != 0) {
    all["listeners"] += ",FAR://127.0.0.1:" + std::to_string(far_listens_on_);
    all["advertised.listeners"] += ",FAR://127.0.0.1:" + std::to_string(far_port_);
    all["listener.security.protocol.map"] = "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,FAR:PLAINTEXT";
    all["inter.broker.listener.name"] = "PLAINTEXT";
  }
  for (const auto& [name, value] : settings) all[name] = value;
  std::ofstream file(folder_.path() / "server.properties");
  for (const auto& [name, value] : all) file << name << '=' << value << '\n';
}

void KafkaBroker::format() {
  auto command = java("kafka.tools.StorageTool");
  for (const std::string& word :
       {std::string("format"), std::string("--cluster-id"), std::string("cGx1bWJsaW5lLXRlc3RzMQ"),
        std::string("--config"), (folder_.path() / "server.properties").string()})
    command.push_back(word);
  test::Process tool({command, {}, folder_.path() / "format.log"});
  tool.start();
  if (!test::wait_for([&tool] { return !tool.running(); }, kStartMax) ||
      !std::filesystem::exists(folder_.path() / "data" / "meta.properties"))
    throw std::runtime_error(
        "kafka storage is not formatted (tests/support/kafka/fetch.sh brings the jars)\n" +
        tool.output_tail());
}

void KafkaBroker::start() {
  server_->start();
  config::Kafka config;
  config.brokers = bootstrap();
  auto log = log::open_kafka(config);
  if (!log) throw std::runtime_error(log.error().message);
  const bool ready = test::wait_for([&] { return !server_->running() || (*log)->healthy().ok(); }, kStartMax);
  if (!ready || !server_->running())
    throw std::runtime_error("the broker is not ready\n" + server_->output_tail());
}

void KafkaBroker::kill9() {
  server_->kill9();
}

void KafkaBroker::stop() {
  server_->terminate();
}

void KafkaBroker::pause() const {
  server_->pause();
}

void KafkaBroker::resume() const {
  server_->signal(SIGCONT);
}

}  // namespace plumbline::tests
