// The contract suite on a real Kafka broker.
#include "core/log/kafka/kafka_log.h"
#include "tests/contract/log_contract.h"
#include "tests/support/kafka_broker.h"

namespace plumbline::log::contract {
namespace {

// One broker for all tests of this binary: small segments, so that retention and compaction have something to
// do. It stores what comes as lz4 uncompressed, so that retention by size sees the sizes the suite appends.
tests::KafkaBroker& broker() {
  static tests::KafkaBroker shared({{"log.segment.bytes", "1048576"},
                                    {"log.roll.ms", "1000"},
                                    {"compression.type", "uncompressed"},
                                    {"log.cleaner.min.cleanable.ratio", "0.01"}});
  return shared;
}

class KafkaBackend final : public Backend {
 public:
  explicit KafkaBackend(std::string producer) : producer_(std::move(producer)) { open(); }
  [[nodiscard]] Promises promises() const override {
    return {.crash = true, .incarnation = false, .retention = true, .compaction = true};
  }
  Log& log() override { return *log_; }
  Result<std::unique_ptr<Log>> open_other() override { return open_kafka(config()); }
  void restart() override {
    log_.reset();
    broker().restart();
    open();
  }
  void crash() override {  // of the broker; the client lives on
    broker().kill9();
    broker().start();
  }

 private:
  [[nodiscard]] config::Kafka config() const {
    config::Kafka config;
    config.producer = producer_;
    config.brokers = broker().bootstrap();
    config.session_timeout = 6s;
    return config;
  }
  void open() {
    auto log = open_kafka(config());
    ASSERT_TRUE(log.ok()) << log.error().message;
    log_ = std::move(*log);
  }
  const std::string producer_;
  std::unique_ptr<Log> log_;
};

INSTANTIATE_TEST_SUITE_P(
    Kafka, LogContract,
    testing::Values(BackendCase{"native", [] { return std::make_unique<KafkaBackend>("native"); }},
                    BackendCase{"librdkafka", [] { return std::make_unique<KafkaBackend>("librdkafka"); }}),
    backend_name);

}  // namespace
}  // namespace plumbline::log::contract
