#include "core/log/kafka/delivery.h"

#include <algorithm>
#include <array>

#include "core/log/kafka/conf.h"
#include "core/telemetry/logging.h"

namespace plumbline::log::kafka {
namespace {

using namespace std::chrono_literals;

constexpr int kPollMs = 100;
constexpr std::chrono::milliseconds kLookEvery = 2ms;
constexpr std::chrono::milliseconds kDrainMax = 5s;  // after a purge reports come at once

// Only what the broker or librdkafka refused before anything was stored; everything else is in doubt.
bool certainly_refused(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
      return true;
    default:
      return false;
  }
}

Ack to_ack(const rd_kafka_message_t& message) {
  Ack ack;
  ack.offset = -1;
  if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    ack.status = Ack::Status::kDurable;
    ack.offset = message.offset;
    return ack;
  }
  const bool refused = certainly_refused(message.err) &&
                       rd_kafka_message_status(&message) == RD_KAFKA_MSG_STATUS_NOT_PERSISTED;
  ack.status = refused ? Ack::Status::kRefused : Ack::Status::kUnconfirmed;
  ack.reason = rd_kafka_err2name(message.err);  // static storage
  return ack;
}

std::string_view refusal_word(rd_kafka_resp_err_t code) {
  if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) return "queue_full";
  if (code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) return "record_too_large";
  return rd_kafka_err2name(code);
}

}  // namespace

Result<std::shared_ptr<Delivery>> Delivery::open(const config::Kafka& config) {
  auto made = std::make_shared<Delivery>(config, nullptr);
  auto client = made->connect();
  if (!client) return client.error();
  made->client_ = std::move(*client);
  made->events_.reset(rd_kafka_queue_get_main(made->client_.get()));
  made->poller_ = std::jthread([self = made.get()](const std::stop_token& stop) { self->poll_loop(stop); });
  return made;
}

Delivery::Delivery(config::Kafka config, Client client)
    : Carrier(config.delivery_timeout), config_(std::move(config)), client_(std::move(client)) {}

Delivery::~Delivery() {
  close();
}

Result<Client> Delivery::connect() {
  auto conf = make_conf(config_, producer_settings(config_));
  if (!conf) return conf.error();
  rd_kafka_conf_set_opaque(conf->get(), this);
  rd_kafka_conf_set_dr_msg_cb(conf->get(), &Delivery::on_report);
  rd_kafka_conf_set_error_cb(conf->get(), &Delivery::on_error);
  return make_client(RD_KAFKA_PRODUCER, std::move(*conf));
}

void Delivery::on_report(rd_kafka_t*, const rd_kafka_message_t* message, void* self) {
  static_cast<Delivery*>(self)->collect(static_cast<Slot*>(message->_private), to_ack(*message));
}

void Delivery::on_error(rd_kafka_t*, int code, const char*, void* self) {
  if (code == RD_KAFKA_RESP_ERR__FATAL) static_cast<Delivery*>(self)->failed_ = true;
}

void Delivery::collect(Slot* slot, const Ack& ack) {
  if (slot->owner->collect(slot, ack)) touched_.push_back(slot->owner);
}

void Delivery::collect_refusals() {
  std::vector<std::pair<Slot*, Ack>> refused;
  {
    const std::lock_guard hold(refusals_mutex_);
    refused.swap(refusals_);
  }
  for (const auto& [slot, ack] : refused) collect(slot, ack);
}

void Delivery::deliver() {
  for (Outbox* outbox : touched_) outbox->deliver();
  touched_.clear();
}

void Delivery::poll_loop(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    if (client_) rd_kafka_poll(client_.get(), kPollMs);
    collect_refusals();
    deliver();
    if (failed_.load()) rebuild();
  }
}

// After this no report comes any more. The caller holds client_mutex_ exclusively.
void Delivery::drop_client() {
  if (!client_) return;
  rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  const auto until = std::chrono::steady_clock::now() + kDrainMax;
  while (rd_kafka_outq_len(client_.get()) > 0 && std::chrono::steady_clock::now() < until)
    rd_kafka_poll(client_.get(), kPollMs);
  topics_.clear();
  events_.reset();
  client_.reset();
}

void Delivery::rebuild() {
  usable_ = false;
  {
    const std::unique_lock hold(client_mutex_);
    drop_client();
  }
  collect_refusals();
  deliver();
  auto client = connect();
  if (!client) {
    telemetry::error("kafka_producer_not_rebuilt", {{"detail", std::string_view(client.error().message)}});
    std::this_thread::sleep_for(
        std::chrono::milliseconds(kPollMs));  // failed_ stays: the next turn tries again
    return;
  }
  const std::unique_lock hold(client_mutex_);
  client_ = std::move(*client);
  events_.reset(rd_kafka_queue_get_main(client_.get()));
  failed_ = false;
  usable_ = true;
  telemetry::warn("kafka_producer_rebuilt", {{"times", static_cast<std::int64_t>(++rebuilds_)}});
}

void Delivery::fail(rd_kafka_resp_err_t code, const char* why) {
  const std::shared_lock hold(client_mutex_);
  rd_kafka_test_fatal_error(client_.get(), code, why);
}

rd_kafka_topic_t* Delivery::topic_handle(std::string_view name) {
  const std::lock_guard hold(topics_mutex_);
  auto found = topics_.find(name);
  if (found == topics_.end()) {
    std::string text(name);
    Topic made(rd_kafka_topic_new(client_.get(), text.c_str(), nullptr));
    found = topics_.emplace(std::move(text), std::move(made)).first;
  }
  return found->second.get();
}

void Delivery::hand_over(Outbox& outbox, const std::vector<Staged>& records) {
  const std::shared_lock hold(client_mutex_);
  rd_kafka_topic_t* topic = nullptr;
  std::string_view named;
  bool refused = false;
  for (const Staged& staged : records) {
    Slot* slot = outbox.take(staged.token);
    std::string_view reason = staged.refusal;
    if (reason.empty() && closed_) reason = "closed";
    if (reason.empty() && !client_) reason = "log_down";
    if (reason.empty()) {
      if (topic == nullptr || staged.record.topic != named) topic = topic_handle(named = staged.record.topic);
      reason = topic == nullptr ? "unknown_topic" : produce(topic, staged.record, slot);
    }
    if (reason.empty()) continue;
    refused = true;
    refuse(slot, reason);
  }
  if (refused && events_) rd_kafka_queue_yield(events_.get());
  if (!polled_) {
    const std::lock_guard alone(outboxes_mutex_);
    collect_refusals();
    deliver();
  }
}

void Delivery::refuse(Slot* slot, std::string_view reason) {
  const std::lock_guard hold(refusals_mutex_);
  refusals_.emplace_back(slot, Ack{slot->token, Ack::Status::kRefused, -1, reason});
}

std::string_view Delivery::produce(rd_kafka_topic_t* topic, const Record& record, Slot* slot) {
  rd_kafka_headers_t* headers =
      record.headers.empty() ? nullptr : rd_kafka_headers_new(record.headers.size());
  for (const Header& h : record.headers) {
    rd_kafka_header_add(headers, h.name.data(), static_cast<ssize_t>(h.name.size()), h.value.data(),
                        static_cast<ssize_t>(h.value.size()));
  }
  std::array<rd_kafka_vu_t, 8> with{};
  std::size_t n = 0;
  with[n].vtype = RD_KAFKA_VTYPE_RKT;
  with[n++].u.rkt = topic;
  with[n].vtype = RD_KAFKA_VTYPE_PARTITION;
  with[n++].u.i32 = record.partition;
  with[n].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  with[n++].u.i = RD_KAFKA_MSG_F_COPY;
  with[n].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
  with[n++].u.i64 = record.timestamp_ms;
  with[n].vtype = RD_KAFKA_VTYPE_OPAQUE;
  with[n++].u.ptr = slot;
  with[n].vtype = RD_KAFKA_VTYPE_KEY;
  with[n++].u.mem = {const_cast<char*>(record.key.data()), record.key.size()};  // F_COPY: only read
  // A null value, not an empty one, is what Kafka's compaction takes for a tombstone.
  with[n].vtype = RD_KAFKA_VTYPE_VALUE;
  with[n++].u.mem = {record.value.empty() ? nullptr : const_cast<char*>(record.value.data()),
                     record.value.size()};
  if (headers != nullptr) {
    with[n].vtype = RD_KAFKA_VTYPE_HEADERS;
    with[n++].u.headers = headers;
  }
  const KafkaError error(rd_kafka_produceva(client_.get(), with.data(), n));
  if (!error) return {};
  if (headers != nullptr) rd_kafka_headers_destroy(headers);  // stays ours when refused
  return refusal_word(rd_kafka_error_code(error.get()));
}

bool Delivery::outstanding() {
  const std::shared_lock hold(
      client_mutex_);  // rd_kafka_flush would run the callbacks on this thread: only look
  return failed_ || (client_ && rd_kafka_outq_len(client_.get()) > 0);
}

void Delivery::close() {
  {
    const std::unique_lock hold(client_mutex_);
    if (closed_) return;
    closed_ = true;
  }
  const auto until = std::chrono::steady_clock::now() + patience();
  while (outstanding() && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(kLookEvery);
  poller_.request_stop();
  if (events_) rd_kafka_queue_yield(events_.get());
  if (poller_.joinable()) poller_.join();
  {
    const std::unique_lock hold(client_mutex_);
    polled_ = false;
    drop_client();
  }
  const std::lock_guard hold(outboxes_mutex_);
  collect_refusals();
  deliver();
  for (Outbox* outbox : outboxes_) outbox->abandon("closed");
}

}  // namespace plumbline::log::kafka
