// The one producing client of a Log, shared by all its producers: hand-over, the poll thread that collects
// delivery reports into bursts, and the rebuild after a fatal error of the idempotent producer. Thread-safe.
#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/config/config.h"
#include "core/log/kafka/carrier.h"
#include "core/log/kafka/handles.h"

namespace plumbline::log::kafka {

class Delivery final : public Carrier {
 public:
  static Result<std::shared_ptr<Delivery>> open(const config::Kafka& config);
  Delivery(config::Kafka config, Client client);
  ~Delivery() override;

  void hand_over(Outbox& outbox, const std::vector<Staged>& records) override;
  void close() override;
  [[nodiscard]] std::uint64_t rebuilds() const { return rebuilds_.load(); }
  [[nodiscard]] bool usable() const override { return usable_.load(); }
  // For a test: fails as after this error of the broker. The client is not taken away meanwhile.
  void fail(rd_kafka_resp_err_t code, const char* why);

 private:
  static void on_report(rd_kafka_t* client, const rd_kafka_message_t* message, void* self);
  static void on_error(rd_kafka_t* client, int code, const char* why, void* self);
  Result<Client> connect();
  void poll_loop(const std::stop_token& stop);
  void collect(Slot* slot, const Ack& ack);
  void collect_refusals();
  void deliver();
  void rebuild();
  void drop_client();
  bool outstanding();
  std::string_view produce(rd_kafka_topic_t* topic, const Record& record, Slot* slot);
  rd_kafka_topic_t* topic_handle(std::string_view name);
  void refuse(Slot* slot, std::string_view reason);

  const config::Kafka config_;
  std::atomic<std::uint64_t> rebuilds_{0};
  std::atomic<bool> usable_{true};
  std::atomic<bool> failed_{false};  // set by on_error, cleared by rebuild
  std::vector<Outbox*> touched_;     // poll thread only

  std::shared_mutex client_mutex_;  // shared: producing; exclusive: replacing the client
  bool closed_ = false;             // refuses; the poll thread may still deliver
  bool polled_ = true;              // false once the poll thread has ended
  Client client_;
  Queue events_;
  std::mutex topics_mutex_;
  std::map<std::string, Topic, std::less<>> topics_;

  // outboxes_mutex_ is held while acks are delivered: never inside client_mutex_.
  std::mutex refusals_mutex_;
  std::vector<std::pair<Slot*, Ack>> refusals_;
  std::jthread poller_;
};

}  // namespace plumbline::log::kafka
