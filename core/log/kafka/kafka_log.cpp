#include "core/log/kafka/kafka_log.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "core/log/kafka/control.h"
#include "core/log/kafka/delivery.h"
#include "core/log/kafka/producer.h"
#include "core/log/kafka/reader.h"
#include "core/log/kafka/registry.h"
#include "core/log/kafka/wire/sender.h"

namespace plumbline::log {
namespace kafka {
namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

constexpr milliseconds kAnswerWait = 10s;
constexpr milliseconds kPingEvery = 500ms;
constexpr milliseconds kPingWait = 2s;

// Asks a broker for a sign of life now and then, so that healthy() never waits.
class Watch {
 public:
  explicit Watch(Control& control)
      : control_(control), thread_([this](const std::stop_token& stop) { run(stop); }) {}
  Status status() {
    const std::lock_guard hold(mutex_);
    return status_;
  }

 private:
  void run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      Status now = control_.ping(kPingWait);
      std::unique_lock hold(mutex_);
      status_ = std::move(now);
      wake_.wait_for(hold, stop, kPingEvery, [] { return false; });
    }
  }
  Control& control_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  Status status_ = retryable("log_unreachable", "kafka: no broker has answered yet");
  std::jthread thread_;
};

class KafkaLog final : public Log, private Positions {
 public:
  KafkaLog(config::Kafka config, std::unique_ptr<Control> control, std::shared_ptr<Carrier> carrier)
      : config_(std::move(config)),
        control_(std::move(control)),
        registry_(std::make_shared<Registry>(control_)),
        carrier_(std::move(carrier)),
        watch_(*control_) {}
  ~KafkaLog() override { carrier_->close(); }

  Status ensure_topic(const TopicSpec& spec) override {
    if (Status done = control_->ensure_topic(spec); !done) return done;
    auto facts = control_->facts(spec.name, kAnswerWait);
    if (!facts) return facts.error();
    registry_->ensured(spec, facts->partitions);
    return ok_status();
  }
  Result<TopicInfo> topic(std::string_view name) override {
    auto facts = control_->facts(name, kAnswerWait);
    if (!facts) return facts.error();
    auto incarnation = incarnation_of(name);
    if (!incarnation) return incarnation.error();
    return TopicInfo{facts->partitions, std::move(*incarnation)};
  }
  Result<std::vector<std::string>> topics() override { return control_->topics(kAnswerWait); }
  Result<Watermarks> watermarks(const TopicPartition& at) override {
    return control_->watermarks(at, kAnswerWait);
  }
  Result<std::unique_ptr<Producer>> producer(AckListener& listener) override {
    return std::unique_ptr<Producer>(std::make_unique<KafkaProducer>(carrier_, registry_, listener));
  }
  Result<std::unique_ptr<Reader>> join_group(std::string_view group, std::span<const std::string> topics,
                                             AssignmentListener& listener) override {
    return KafkaReader::member(config_, *this, group, topics, listener);
  }
  Result<std::unique_ptr<Reader>> reader(std::span<const StartPosition> from) override {
    return KafkaReader::alone(config_, *this, from);
  }
  Status healthy() override {
    if (!carrier_->usable()) return retryable("log_down", "kafka: the producer is being rebuilt");
    return watch_.status();
  }

 private:
  Result<Watermarks> watermarks_of(const TopicPartition& at) override { return watermarks(at); }
  Result<std::string> incarnation_of(std::string_view) override {
    auto id = control_->cluster_id(kAnswerWait);
    if (!id) return id.error();
    return "kafka:" + *id;
  }

  const config::Kafka config_;
  std::shared_ptr<Control> control_;
  std::shared_ptr<Registry> registry_;
  std::shared_ptr<Carrier> carrier_;
  Watch watch_;
};

// SASL, TLS and tuning are librdkafka's.
Result<std::shared_ptr<Carrier>> open_carrier(const config::Kafka& config) {
  if (config.producer == "native" && config.options.empty()) {
    auto sender = wire::Sender::open(config);
    if (!sender) return sender.error();
    return std::shared_ptr<Carrier>(std::move(*sender));
  }
  auto delivery = Delivery::open(config);
  if (!delivery) return delivery.error();
  return std::shared_ptr<Carrier>(std::move(*delivery));
}

}  // namespace
}  // namespace kafka

Result<std::unique_ptr<Log>> open_kafka(const config::Kafka& config) {
  auto control = kafka::Control::open(config);
  if (!control) return control.error();
  auto carrier = kafka::open_carrier(config);
  if (!carrier) return carrier.error();
  return std::unique_ptr<Log>(
      std::make_unique<kafka::KafkaLog>(config, std::move(*control), std::move(*carrier)));
}

}  // namespace plumbline::log
