#include "core/log/kafka/reader.h"

#include <algorithm>

namespace plumbline::log::kafka {
namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

constexpr milliseconds kStopSlice = 50ms;  // how soon a stop is noticed while waiting
constexpr milliseconds kHintEvery = 1s;
constexpr milliseconds kJoinPatience = 5s;
constexpr std::size_t kRecordsMax = 20'000;  // of one poll: bounds the vectors where values are tiny

Partitions to_list(std::span<const TopicPartition> partitions) {
  Partitions list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const TopicPartition& at : partitions)
    rd_kafka_topic_partition_list_add(list.get(), at.topic.c_str(), at.partition);
  return list;
}

std::string place(const TopicPartition& at) {
  return at.topic + "/" + std::to_string(at.partition);
}

}  // namespace

Result<std::unique_ptr<Reader>> KafkaReader::alone(const config::Kafka& config, Positions& positions,
                                                   std::span<const StartPosition> from) {
  auto reader = std::make_unique<KafkaReader>(positions, nullptr);
  // librdkafka wants a name of a group even where none is joined and nothing committed.
  if (Status done = reader->connect(config, group_settings(config, "plumbline-alone")); !done)
    return done.error();
  if (Status done = reader->start(from); !done) {
    if (done.error().code != "position_lost") return done.error();
    reader->error_ = done.error();  // told by poll, as the interface says
  }
  return std::unique_ptr<Reader>(std::move(reader));
}

Result<std::unique_ptr<Reader>> KafkaReader::member(const config::Kafka& config, Positions& positions,
                                                    std::string_view group,
                                                    std::span<const std::string> topics,
                                                    AssignmentListener& listener) {
  auto reader = std::make_unique<KafkaReader>(positions, &listener);
  if (Status done = reader->connect(config, group_settings(config, std::string(group))); !done)
    return done.error();
  const Partitions list(rd_kafka_topic_partition_list_new(static_cast<int>(topics.size())));
  for (const std::string& topic : topics)
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  if (const auto code = rd_kafka_subscribe(reader->client_.get(), list.get());
      code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return to_error(code, "join group " + std::string(group));
  // Members that died are waited for as long as their sessions last.
  reader->wait_max_ = 2 * config.session_timeout + kJoinPatience;
  reader->quiet_ = config.session_timeout + kHintEvery;
  reader->waiting_since_ = std::chrono::steady_clock::now();
  return std::unique_ptr<Reader>(std::move(reader));
}

Status KafkaReader::connect(const config::Kafka& config, const Settings& settings) {
  auto conf = make_conf(config, settings);
  if (!conf) return conf.error();
  rd_kafka_conf_set_opaque(conf->get(), this);
  rd_kafka_conf_set_rebalance_cb(conf->get(), &KafkaReader::on_rebalance);
  rd_kafka_conf_set_error_cb(conf->get(), &KafkaReader::on_error);
  auto client = make_client(RD_KAFKA_CONSUMER, std::move(*conf));
  if (!client) return client.error();
  client_ = std::move(*client);
  rd_kafka_poll_set_consumer(client_.get());
  return ok_status();
}

KafkaReader::~KafkaReader() {
  closing_ = true;
  forget_batch();
  if (!client_) return;
  if (stuck_) {  // closing would wait for what it is stuck in; the group forgets it by its session
    rd_kafka_destroy_flags(client_.release(), RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    return;
  }
  rd_kafka_consumer_close(client_.get());
}

void KafkaReader::on_error(rd_kafka_t* client, int code, const char* why, void* self) {
  auto* reader = static_cast<KafkaReader*>(self);
  char detail[256] = "";
  if (code == RD_KAFKA_RESP_ERR__FATAL) {
    const auto cause = rd_kafka_fatal_error(client, detail, sizeof detail);
    reader->error_ = fatal("log_refused", std::string("kafka: ") + rd_kafka_err2str(cause) + ": " + detail);
  } else if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
    reader->error_ = to_error(RD_KAFKA_RESP_ERR__TRANSPORT, "read", why);
  } else if (code == RD_KAFKA_RESP_ERR__AUTHENTICATION) {
    reader->error_ = to_error(RD_KAFKA_RESP_ERR__AUTHENTICATION, "read", why);
  }  // the others are single brokers that come back; librdkafka logs them
}

void KafkaReader::on_rebalance(rd_kafka_t* client, rd_kafka_resp_err_t code,
                               rd_kafka_topic_partition_list_t* partitions, void* self) {
  auto* reader = static_cast<KafkaReader*>(self);
  if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS && !reader->closing_) {
    reader->assigned(*partitions);
    return;
  }
  reader->revoked();
  rd_kafka_assign(client, nullptr);
}

void KafkaReader::assigned(const rd_kafka_topic_partition_list_t& partitions) {
  forget_batch();
  waiting_since_.reset();
  pending_.clear();
  for (int i = 0; i < partitions.cnt; ++i)
    pending_.push_back({partitions.elems[i].topic, partitions.elems[i].partition});
  Status started = take_pending();
  if (started) return;
  error_ = started.error();
  // The group must hear that the assignment was taken; reading starts when the listener has given positions.
  const Partitions none(rd_kafka_topic_partition_list_new(0));
  rd_kafka_assign(client_.get(), none.get());
}

void KafkaReader::revoked() {
  forget_batch();  // what is handed out after this would be another member's
  hints_.clear();
  waiting_since_ = std::chrono::steady_clock::now();
  pending_.clear();
  std::vector<TopicPartition> lost;
  lost.swap(owned_);
  if (listener_ != nullptr && !closing_ && !lost.empty()) listener_->on_revoked(lost);
}

Status KafkaReader::take_pending() {
  auto from = listener_->on_assigned(pending_);
  if (!from) return from.error();
  Status started = start(*from);
  // A lost position stays lost until the member joins anew: asking again and again would move the epoch each
  // time.
  if (started || started.error().code == "position_lost") pending_.clear();
  return started;
}

Status KafkaReader::check(const StartPosition& from) {
  if (!from.incarnation.empty()) {
    auto now = positions_.incarnation_of(from.at.topic);
    if (!now) return now.error();
    if (*now != from.incarnation)
      return fatal("position_lost", place(from.at) + " is stored for incarnation " + from.incarnation +
                                        ", the log holds " + *now + "; the cluster was replaced");
  }
  if (!from.offset) return ok_status();
  auto marks = positions_.watermarks_of(from.at);
  if (!marks) return marks.error();
  if (*from.offset >= marks->low && *from.offset <= marks->high) return ok_status();
  return fatal("position_lost", place(from.at) + " should go on at offset " + std::to_string(*from.offset) +
                                    ", the log holds " + std::to_string(marks->low) + " to " +
                                    std::to_string(marks->high));
}

Status KafkaReader::start(std::span<const StartPosition> from) {
  const Partitions list(rd_kafka_topic_partition_list_new(static_cast<int>(from.size())));
  std::vector<TopicPartition> owned;
  for (const StartPosition& position : from) {
    if (Status good = check(position); !good) return good;
    rd_kafka_topic_partition_list_add(list.get(), position.at.topic.c_str(), position.at.partition)->offset =
        position.offset.value_or(RD_KAFKA_OFFSET_BEGINNING);
    owned.push_back(position.at);
  }
  if (const auto code = rd_kafka_assign(client_.get(), list.get()); code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return to_error(code, "assign");
  owned_ = std::move(owned);
  return ok_status();
}

Error KafkaReader::trouble(const rd_kafka_message_t& message) {
  const std::string at =
      message.rkt == nullptr ? "group" : place({rd_kafka_topic_name(message.rkt), message.partition});
  if (message.err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
      message.err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE)
    return fatal("position_lost",
                 at + " can't be read at its position: " + rd_kafka_message_errstr(&message));
  return to_error(message.err, "read " + at, rd_kafka_message_errstr(&message));
}

// True when there is room for more.
bool KafkaReader::take(Message message, std::size_t& bytes) {
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    // The group goes on by itself after these: a rebalance follows.
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF ||
        message->err == RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED)
      return true;
    error_ = trouble(*message);
    return false;
  }
  bytes -= std::min(bytes, message->len);
  messages_.push_back(std::move(message));
  return bytes > 0 && messages_.size() < kRecordsMax;
}

void KafkaReader::gather(std::size_t bytes_max, milliseconds wait, const std::stop_token& stop) {
  const auto until = std::chrono::steady_clock::now() + wait;
  std::size_t room = std::max<std::size_t>(1, bytes_max);
  while (true) {
    const auto left = std::chrono::duration_cast<milliseconds>(until - std::chrono::steady_clock::now());
    const milliseconds slice = messages_.empty() ? std::clamp(left, 0ms, kStopSlice) : 0ms;
    Message message(rd_kafka_consumer_poll(client_.get(), static_cast<int>(slice.count())));
    if (message) {
      if (!take(std::move(message), room)) return;
    } else if (!messages_.empty() || error_ || left <= slice || stop.stop_requested()) {
      return;
    }
  }
}

void KafkaReader::forget_batch() {
  records_.clear();
  headers_.clear();
  messages_.clear();
}

void KafkaReader::lay_out() {
  std::vector<std::size_t>& first = header_starts_;
  first.clear();
  for (const Message& message : messages_) {
    first.push_back(headers_.size());
    rd_kafka_headers_t* found = nullptr;
    if (rd_kafka_message_headers(message.get(), &found) != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    for (std::size_t i = 0;
         rd_kafka_header_get_all(found, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i)
      headers_.push_back({name, {static_cast<const char*>(value), size}});
  }
  first.push_back(headers_.size());
  for (std::size_t i = 0; i < messages_.size(); ++i) {
    const rd_kafka_message_t& m = *messages_[i];
    ReadRecord record;
    record.topic = rd_kafka_topic_name(m.rkt);
    record.partition = m.partition;
    record.offset = m.offset;
    record.timestamp_ms = rd_kafka_message_timestamp(&m, nullptr);
    record.key = {static_cast<const char*>(m.key), m.key_len};
    record.value = {static_cast<const char*>(m.payload), m.len};
    record.headers = std::span(headers_).subspan(first[i], first[i + 1] - first[i]);
    records_.push_back(record);
  }
}

Result<std::span<const ReadRecord>> KafkaReader::poll(std::size_t bytes_max, milliseconds wait,
                                                      std::stop_token stop) {
  forget_batch();
  if (stuck()) {
    stuck_ = true;
    return retryable("group_stuck", "kafka: the group has given no assignment for " +
                                        std::to_string(wait_max_.count() / 1000) + " s; joining anew");
  }
  if (!error_ && !pending_.empty()) {
    if (Status started = take_pending(); !started) return started.error();
  }
  if (!error_) gather(bytes_max, wait, stop);
  if (messages_.empty() && error_) {
    Error error = std::move(*error_);
    error_.reset();
    return error;
  }
  if (!messages_.empty()) heard_ = std::chrono::steady_clock::now();
  send_hints();
  lay_out();
  return std::span<const ReadRecord>(records_);
}

Status KafkaReader::seek(const TopicPartition& at, std::int64_t offset) {
  if (std::find(owned_.begin(), owned_.end(), at) == owned_.end())
    return fatal("not_assigned", place(at) + " is not read here");
  const Partitions list = to_list({&at, 1});
  list->elems[0].offset = offset;
  constexpr int kWaitMs = 10'000;
  const KafkaError error(rd_kafka_seek_partitions(client_.get(), list.get(), kWaitMs));
  if (error) return to_error(rd_kafka_error_code(error.get()), "seek " + place(at));
  if (list->elems[0].err != RD_KAFKA_RESP_ERR_NO_ERROR)
    return to_error(list->elems[0].err, "seek " + place(at));
  return ok_status();
}

void KafkaReader::commit_hint(const TopicPartition& at, std::int64_t next_offset) {
  if (listener_ == nullptr || std::find(owned_.begin(), owned_.end(), at) == owned_.end()) return;
  hints_[at] = next_offset;
}

// Few of them, and only while the cluster answers: a commit that is under way when the coordinator goes holds
// librdkafka's rebalance up, sometimes for good. Records that came just now are a sign of life. So is an
// assignment that outlived a session without any: librdkafka gives it up when the coordinator is silent.
void KafkaReader::send_hints() {
  const auto now = std::chrono::steady_clock::now();
  if (hints_.empty() || now - hinted_ < kHintEvery) return;
  if (messages_.empty() && now - heard_ < quiet_) return;
  hinted_ = now;
  const Partitions list(rd_kafka_topic_partition_list_new(static_cast<int>(hints_.size())));
  for (const auto& [at, next_offset] : hints_)
    rd_kafka_topic_partition_list_add(list.get(), at.topic.c_str(), at.partition)->offset = next_offset;
  hints_.clear();
  rd_kafka_commit(client_.get(), list.get(), 1);
}

// librdkafka 2.0 can stop short of joining again after its coordinator went away in the middle of a
// rebalance, and then polls nothing for ever. A new client joins.
bool KafkaReader::stuck() const {
  return listener_ != nullptr && waiting_since_ && !closing_ &&
         std::chrono::steady_clock::now() - *waiting_since_ > wait_max_;
}

}  // namespace plumbline::log::kafka
