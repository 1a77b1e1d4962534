#include "consumers/loop/dead_letters.h"

#include <algorithm>
#include <array>

#include "core/codec/records.h"
#include "core/crypto/base64.h"
#include "core/frame.h"

namespace plumbline::loop {
namespace {

// Above any delivery time-out of the log, so that this is only reached when the log has forgotten us.
constexpr std::chrono::seconds kAckWaitMax{120};

bool continuation(unsigned char c) {
  return (c & 0xc0) == 0x80;
}

// Length of the well-formed UTF-8 sequence at `at` (RFC 3629: no overlong forms, no surrogates, up to
// U+10FFFF); 0: none.
std::size_t sequence_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) -> unsigned char {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
  };
  const unsigned char c = byte(at), second = byte(at + 1);
  if (c < 0x80) return 1;
  if (c >= 0xc2 && c <= 0xdf) return continuation(second) ? 2 : 0;
  if (c >= 0xe0 && c <= 0xef) {
    const bool bad = (c == 0xe0 && second < 0xa0) || (c == 0xed && second > 0x9f);
    return !bad && continuation(second) && continuation(byte(at + 2)) ? 3 : 0;
  }
  if (c >= 0xf0 && c <= 0xf4) {
    const bool bad = (c == 0xf0 && second < 0x90) || (c == 0xf4 && second > 0x8f);
    return !bad && continuation(second) && continuation(byte(at + 2)) && continuation(byte(at + 3)) ? 4 : 0;
  }
  return 0;
}

bool plain_text(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto c = static_cast<unsigned char>(text[at]);
    if (c == 0x7f || (c < 0x20 && c != '\t' && c != '\n' && c != '\r')) return false;
    const std::size_t length = sequence_length(text, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

}  // namespace

std::string body_text(std::string_view raw) {
  if (plain_text(raw.substr(0, kDeadBodyBytesMax + 4)) || raw.empty()) {
    std::size_t keep = std::min(raw.size(), kDeadBodyBytesMax);
    while (keep < raw.size() && continuation(static_cast<unsigned char>(raw[keep]))) --keep;
    return std::string(raw.substr(0, keep));
  }
  return "base64:" + crypto::base64_encode(raw.substr(0, kDeadBodyBytesMax));
}

std::string plain(std::string_view raw) {
  std::string out(raw);
  if (plain_text(raw)) return out;
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7e) c = '?';
  }
  return out;
}

std::string ce_id(const postgres::DeadLetter& letter) {
  return letter.consumer + '.' + letter.topic + '.' + std::to_string(letter.partition) + '.' +
         std::to_string(letter.offset) + '.' + std::to_string(letter.index);
}

Status DeadPublisher::append(const postgres::DeadLetter& letter, std::uint64_t token,
                             std::int32_t partitions) {
  const std::string tenant = letter.tenant ? letter.tenant->value.to_string() : std::string();
  const std::string key = codec::record_key(letter);
  const std::string value = codec::encode(letter);
  const std::string id = ce_id(letter);
  const std::string source = "/consumer/" + letter.consumer;
  const std::string time = letter.received_at ? format_rfc3339(*letter.received_at) : std::string();
  std::array<log::Header, 7> headers{{{frame::kCeSpecVersion, "1.0"},
                                      {frame::kCeId, id},
                                      {frame::kCeType, "dev.plumbline.dead.v1"},
                                      {frame::kCeSource, source},
                                      {frame::kContentType, "application/json"},
                                      {frame::kTenant, tenant},
                                      {frame::kCeTime, time}}};
  const std::size_t count = time.empty() ? headers.size() - 1 : headers.size();
  log::Record record;
  record.topic = frame::kDeadTopic;
  record.partition = log::partition_of(key, partitions);
  record.key = key;
  record.value = value;
  record.headers = std::span<const log::Header>(headers).first(count);
  record.timestamp_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                            std::chrono::system_clock::now().time_since_epoch())
                            .count();
  producer_->append(record, token);
  producer_->submit();  // what is borrowed goes out of scope here
  return ok_status();
}

Status DeadPublisher::publish(std::span<const postgres::DeadLetter> letters) {
  if (letters.empty()) return ok_status();
  auto topic = log_.topic(frame::kDeadTopic);
  if (!topic) return topic.error();
  if (!producer_) {
    auto made = log_.producer(*this);
    if (!made) return made.error();
    producer_ = std::move(*made);
  }
  {
    const std::lock_guard hold(mutex_);
    first_token_ = next_token_;
    durable_ = failed_ = 0;
  }
  for (const postgres::DeadLetter& letter : letters) {
    if (Status sent = append(letter, next_token_++, topic->partitions); !sent) return sent;
  }
  std::unique_lock hold(mutex_);
  arrived_.wait_for(hold, kAckWaitMax, [&] { return durable_ + failed_ == letters.size(); });
  if (durable_ == letters.size()) return ok_status();
  hold.unlock();
  producer_.reset();  // waits for what is still under way
  return retryable("dead_letters",
                   "dead.v1 did not take all dead letters durably; nothing is committed without them");
}

void DeadPublisher::on_acks(std::span<const log::Ack> acks) noexcept {
  const std::lock_guard hold(mutex_);
  for (const log::Ack& ack : acks) {
    if (ack.token < first_token_) continue;
    ++(ack.status == log::Ack::Status::kDurable ? durable_ : failed_);
  }
  arrived_.notify_all();
}

}  // namespace plumbline::loop
