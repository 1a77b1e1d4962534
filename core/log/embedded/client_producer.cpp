#include "core/log/embedded/client_producer.h"

#include <algorithm>
#include <cstring>

#include <sys/socket.h>
#include <unistd.h>

#include "core/log/embedded/format.h"
#include "core/log/embedded/socket_server.h"

namespace plumbline::log::embedded {
namespace {

constexpr std::chrono::seconds kAckWaitMax{30};  // of a producer that is destroyed

// An ack's reason is static storage.
std::string_view reason_of(std::string_view word) {
  for (const std::string_view known : {"unknown_topic", "unknown_partition", "too_many_headers", "too_large",
                                       "queue_full", "log_full", "log_failed"}) {
    if (word == known) return known;
  }
  return word.empty() ? std::string_view{} : "refused";
}

}  // namespace

ClientProducer::ClientProducer(std::string dir, std::int64_t bytes_max, AckListener& listener)
    : dir_(std::move(dir)), bytes_max_(bytes_max), listener_(listener), deliverer_([this] { deliver(); }) {}

ClientProducer::~ClientProducer() {
  submit();
  {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kAckWaitMax, [this] { return out_.empty(); });
  }
  hang_up();
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    changed_.notify_all();
  }
  deliverer_.join();
}

void ClientProducer::append(const Record& record, std::uint64_t token) {
  const std::size_t bytes = record_bytes(record);
  const std::size_t room = std::min(static_cast<std::size_t>(bytes_max_), kSocketFrameBytesMax);
  if (record.headers.size() > kHeadersMax) {
    refused_.push_back({token, Ack::Status::kRefused, -1, "too_many_headers"});
    return;
  }
  if (frame_.size() + 4 + record.topic.size() + sizeof token + bytes > room) {
    refused_.push_back({token, Ack::Status::kRefused, -1, frame_.empty() ? "too_large" : "queue_full"});
    return;
  }
  tokens_.push_back(token);
  put_word(frame_, record.topic);
  frame_.append(reinterpret_cast<const char*>(&token), sizeof token);
  encoded_.clear();
  append_record(encoded_, record);
  frame_.append(encoded_.data(), encoded_.size());
}

void ClientProducer::submit() {
  if (tokens_.empty() && refused_.empty()) return;
  const bool reachable = tokens_.empty() || connected();
  bool send = false;
  {
    // One lock for both questions: the receiver sweeps what is out when it ends, or it is already known to
    // have ended.
    const std::lock_guard lock(mutex_);
    send = !tokens_.empty() && reachable && !broken_;
    if (send) out_.insert(tokens_.begin(), tokens_.end());
    const std::string_view reason = reachable ? "log_owner_gone" : "log_owner_absent";
    for (const std::uint64_t t : tokens_) {
      if (!send) ready_.push_back({t, Ack::Status::kRefused, -1, reason});
    }
    ready_.insert(ready_.end(), refused_.begin(), refused_.end());
    if (!ready_.empty()) changed_.notify_all();
  }
  if (send && !send_frame(fd_, 1, frame_)) shutdown(fd_, SHUT_RDWR);  // the receiver then ends
  tokens_.clear();
  refused_.clear();
  frame_.clear();
}

bool ClientProducer::connected() {
  bool lost = false;
  {
    const std::lock_guard lock(mutex_);
    lost = broken_;
  }
  if (lost) hang_up();
  if (fd_ >= 0) return true;
  fd_ = unix_socket(dir_, false);
  if (fd_ < 0) return false;
  {
    const std::lock_guard lock(mutex_);
    broken_ = false;
  }
  receiver_ = std::thread([this] { receive(); });
  return true;
}

void ClientProducer::hang_up() {
  if (fd_ < 0) return;
  shutdown(fd_, SHUT_RDWR);
  receiver_.join();
  close(fd_);
  fd_ = -1;
}

void ClientProducer::receive() {
  std::string body;
  char kind = 0;
  while (receive_frame(fd_, kind, body) && take_acks(body)) {
  }
  const std::lock_guard lock(mutex_);
  broken_ = true;
  for (const std::uint64_t t : out_) ready_.push_back({t, Ack::Status::kUnconfirmed, -1, "log_owner_gone"});
  out_.clear();
  changed_.notify_all();
}

bool ClientProducer::take_acks(std::string_view from) {
  constexpr std::size_t kFixed = 17;
  const std::lock_guard lock(mutex_);
  while (from.size() >= kFixed) {
    Ack ack;
    std::memcpy(&ack.token, from.data(), 8);
    ack.status = static_cast<Ack::Status>(from[8]);
    std::memcpy(&ack.offset, from.data() + 9, 8);
    from.remove_prefix(kFixed);
    std::string_view reason;
    const auto known = out_.find(ack.token);
    if (!take_word(from, reason) || ack.status > Ack::Status::kUnconfirmed || known == out_.end())
      return false;
    ack.reason = reason_of(reason);
    out_.erase(known);
    ready_.push_back(ack);
  }
  changed_.notify_all();
  return from.empty();
}

void ClientProducer::deliver() {
  std::vector<Ack> acks;
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return closing_ || !ready_.empty(); });
    if (ready_.empty()) return;
    acks.swap(ready_);
    lock.unlock();
    listener_.on_acks(acks);
    acks.clear();
    lock.lock();
  }
}

}  // namespace plumbline::log::embedded
