// The log as another process has it: reads the files up to the synced watermark, appends through the owner's socket.
#include <algorithm>
#include <set>
#include <cstring>

#include <sys/socket.h>
#include <unistd.h>

#include "core/log/embedded/owner_log.h"
#include "core/log/embedded/socket_server.h"

namespace plumbline::log::embedded {
namespace {

constexpr std::chrono::milliseconds kRefreshInterval{4};      // how late another process sees a record
constexpr std::chrono::seconds kAckWaitMax{30};               // of a producer that is destroyed

class ClientViews final : public Views {
 public:
  explicit ClientViews(std::unique_ptr<Files> files) : files_(std::move(files)) {}
  Files& files() { return *files_; }

  Result<std::shared_ptr<TopicView>> find(std::string_view topic) override {
    const std::lock_guard lock(mutex_);
    auto found = views_.find(topic);
    if (found == views_.end()) {
      const std::string name(topic);
      auto text = files_->read(topic_folder(topic) + "/topic");
      if (!text && text.error().code == "not_found") return fatal("unknown_topic", "the log has no topic " + name);
      if (!text) return text.error();
      auto meta = decode_meta(name, *text);
      if (!meta) return meta.error();
      found = views_.emplace(name, std::make_shared<TopicView>(std::move(*meta))).first;
    }
    for (int tries = 0; tries < 100; ++tries) {  // retention may take a file away between listing and opening
      auto fresh = found->second->refresh(*files_);
      if (!fresh) return fresh.error();
      if (*fresh) ++generation_;
      if (!found->second->segments().empty()) break;
    }
    return found->second;
  }
  std::uint64_t generation() override { return generation_.load(); }
  void wait(std::uint64_t seen, std::chrono::steady_clock::time_point until, const std::stop_token& stop) override {
    std::unique_lock lock(mutex_);
    while (generation_ == seen && !stop.stop_requested() && std::chrono::steady_clock::now() < until) {
      bool more = false;
      for (auto& [name, view] : views_) {
        auto fresh = view->refresh(*files_);
        more = more || (fresh.ok() && *fresh);
      }
      if (more) {
        ++generation_;
        return;
      }
      const auto next = std::min(until, std::chrono::steady_clock::now() + kRefreshInterval);
      wake_.wait_until(lock, stop, next, [&] { return generation_ != seen; });
    }
  }

 private:
  std::unique_ptr<Files> files_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::atomic<std::uint64_t> generation_{0};
  std::map<std::string, std::shared_ptr<TopicView>, std::less<>> views_;
};

std::string_view reason_of(std::string_view word) {
  for (const std::string_view known : {"unknown_topic", "unknown_partition", "too_many_headers", "too_large", "queue_full",
                                       "log_full", "log_failed"}) {
    if (word == known) return known;
  }
  return "refused";
}

class ClientProducer final : public Producer {
 public:
  ClientProducer(std::string dir, std::int64_t bytes_max, AckListener& listener)
      : dir_(std::move(dir)), bytes_max_(bytes_max), listener_(listener) {}
  ~ClientProducer() override {
    submit();
    std::unique_lock lock(mutex_);
    settled_.wait_for(lock, kAckWaitMax, [this] { return out_.empty(); });
    lock.unlock();
    hang_up();
  }
  void append(const Record& record, std::uint64_t token) override {
    const std::size_t bytes = record_bytes(record);
    tokens_.push_back(token);
    if (bytes + frame_.size() > std::min<std::size_t>(static_cast<std::size_t>(bytes_max_), kSocketFrameBytesMax) ||
        record.headers.size() > kHeadersMax) {
      tokens_.pop_back();
      refused_.push_back({token, Ack::Status::kRefused, -1, frame_.empty() ? "too_large" : "queue_full"});
      return;
    }
    put_word(frame_, record.topic);
    frame_.append(reinterpret_cast<const char*>(&token), 8);
    encoded_.clear();
    append_record(encoded_, record);
    frame_.append(encoded_.data(), encoded_.size());
  }
  void submit() override {
    if (!refused_.empty()) listener_.on_acks(std::exchange(refused_, {}));
    if (tokens_.empty()) return;
    if (fd_ >= 0 && broken_) hang_up();
    if (fd_ < 0 && !connect()) {
      std::vector<Ack> acks;
      for (const std::uint64_t t : tokens_) acks.push_back({t, Ack::Status::kRefused, -1, "log_owner_absent"});
      tokens_.clear();
      frame_.clear();
      listener_.on_acks(acks);
      return;
    }
    {
      const std::lock_guard lock(mutex_);
      for (const std::uint64_t t : tokens_) out_.insert(t);
    }
    tokens_.clear();
    if (!send_frame(fd_, 1, frame_)) shutdown(fd_, SHUT_RDWR);  // the receiving thread says what became of them
    frame_.clear();
  }

 private:
  bool connect() {
    fd_ = unix_socket(dir_, false);
    if (fd_ < 0) return false;
    broken_ = false;
    thread_ = std::thread([this] { receive(); });
    return true;
  }
  void hang_up() {
    if (fd_ < 0) return;
    shutdown(fd_, SHUT_RDWR);
    thread_.join();
    close(fd_);
    fd_ = -1;
  }
  void receive() {
    std::string body;
    char kind = 0;
    while (receive_frame(fd_, kind, body)) {
      std::string_view from = body;
      std::vector<Ack> acks;
      std::string_view reason;
      while (from.size() >= 17) {
        Ack ack;
        std::memcpy(&ack.token, from.data(), 8);
        ack.status = static_cast<Ack::Status>(from[8]);
        std::memcpy(&ack.offset, from.data() + 9, 8);
        from.remove_prefix(17);
        if (!take_word(from, reason)) break;
        if (!reason.empty()) ack.reason = reason_of(reason);
        acks.push_back(ack);
      }
      settle(acks);
    }
    broken_ = true;
    std::vector<Ack> acks;
    {
      const std::lock_guard lock(mutex_);
      for (const std::uint64_t t : out_) acks.push_back({t, Ack::Status::kUnconfirmed, -1, "log_owner_gone"});
    }
    settle(acks);
  }
  void settle(const std::vector<Ack>& acks) {
    if (acks.empty()) return;
    listener_.on_acks(acks);
    const std::lock_guard lock(mutex_);
    for (const Ack& ack : acks) {
      if (const auto at = out_.find(ack.token); at != out_.end()) out_.erase(at);
    }
    if (out_.empty()) settled_.notify_all();
  }

  std::string dir_;
  std::int64_t bytes_max_;
  AckListener& listener_;
  int fd_ = -1;
  std::atomic<bool> broken_{false};
  std::thread thread_;
  std::string frame_;
  std::vector<char> encoded_;
  std::vector<std::uint64_t> tokens_;
  std::vector<Ack> refused_;
  std::mutex mutex_;
  std::condition_variable settled_;
  std::multiset<std::uint64_t> out_;
};

class ClientLog final : public Log {
 public:
  ClientLog(const config::Embedded& config, std::unique_ptr<Files> files)
      : config_(config), views_(std::make_shared<ClientViews>(std::move(files))) {}

  Status ensure_topic(const TopicSpec& spec) override {
    if (Status s = check_spec(spec, config_.segment_bytes); !s) return s;
    const int fd = unix_socket(config_.dir, false);
    if (fd < 0) return retryable("log_owner_absent", absent());
    std::string body;
    put_word(body, spec.name);
    body += encode(TopicMeta{spec, Uuid{}});
    char kind = 0;
    std::string answer;
    const bool answered = send_frame(fd, 2, body) && receive_frame(fd, kind, answer) && !answer.empty();
    close(fd);
    if (!answered) return retryable("log_owner_gone", absent());
    std::string_view from(answer);
    if (from.front() == '\xff') return ok_status();
    const auto fault = static_cast<Fault>(from.front());
    from.remove_prefix(1);
    std::string_view code;
    if (!take_word(from, code)) return retryable("log_owner_gone", absent());
    return Error{fault, std::string(code), std::string(from)};
  }
  Result<TopicInfo> topic(std::string_view name) override {
    auto view = views_->find(name);
    if (!view) return view.error();
    return TopicInfo{(*view)->meta.spec.partitions, (*view)->meta.incarnation.to_string()};
  }
  Result<std::vector<std::string>> topics() override {
    auto names = views_->files().list("topics");
    if (!names) return names;
    std::erase_if(*names, [this](const std::string& n) { return !views_->files().read(topic_folder(n) + "/topic").ok(); });
    return names;
  }
  Result<Watermarks> watermarks(const TopicPartition& at) override {
    auto view = views_->find(at.topic);
    if (!view) return view.error();
    if (at.partition < 0 || at.partition >= (*view)->meta.spec.partitions) {
      return fatal("unknown_partition", at.topic + " has no partition " + std::to_string(at.partition));
    }
    return (*view)->watermarks(at.partition);
  }
  Result<std::unique_ptr<Producer>> producer(AckListener& listener) override {
    return std::unique_ptr<Producer>(std::make_unique<ClientProducer>(config_.dir, config_.queue_bytes_max, listener));
  }
  Result<std::unique_ptr<Reader>> join_group(std::string_view group, std::span<const std::string> topics,
                                             AssignmentListener& listener) override {
    return GroupReader::join(views_, config_.dir + "/groups/" + std::string(group), topics, listener);
  }
  Result<std::unique_ptr<Reader>> reader(std::span<const StartPosition> from) override {
    auto reader = std::make_unique<JournalReader>(views_);
    for (const StartPosition& start : from) {
      if (Status s = reader->add(start); !s) return s.error();
    }
    return std::unique_ptr<Reader>(std::move(reader));
  }
  Status healthy() override {
    const int fd = unix_socket(config_.dir, false);
    if (fd < 0) return retryable("log_owner_absent", absent());
    close(fd);
    return ok_status();
  }

 private:
  [[nodiscard]] std::string absent() const {
    return "nobody serves the log in " + config_.dir + ": start its owner (plumbline edge, or plumbline up)";
  }
  config::Embedded config_;
  std::shared_ptr<ClientViews> views_;
};

}  // namespace

Result<std::unique_ptr<Log>> open_client(const config::Embedded& config) {
  auto files = posix_files(config.dir, true);
  if (!files) return files.error();
  return std::unique_ptr<Log>(std::make_unique<ClientLog>(config, std::move(*files)));
}

}  // namespace plumbline::log::embedded
