// The log as another process has it: reads the files up to the synced watermark, appends through the owner's
// socket.
#include <algorithm>
#include <cstring>

#include <sys/socket.h>
#include <unistd.h>

#include "core/log/embedded/client_producer.h"
#include "core/log/embedded/owner_log.h"
#include "core/log/embedded/socket_server.h"

namespace plumbline::log::embedded {
namespace {

constexpr std::chrono::milliseconds kRefreshInterval{4};  // how late another process sees a record
constexpr std::chrono::milliseconds kMetaInterval{100};   // and that a topic was made anew

class ClientViews final : public Views {
 public:
  explicit ClientViews(std::unique_ptr<Files> files) : files_(std::move(files)) {}
  Files& files() { return *files_; }

  Result<std::shared_ptr<TopicView>> find(std::string_view topic) override {
    const std::lock_guard lock(mutex_);
    auto found = views_.find(topic);
    const auto now = std::chrono::steady_clock::now();
    if (found == views_.end() || now >= found->second.look_again_at) {
      auto meta = read_meta(topic);
      if (!meta) return meta.error();
      // A topic whose folder was moved away and made anew is another one, whatever its segments are called.
      if (found == views_.end() || found->second.view->meta.incarnation != meta->incarnation) {
        auto view = std::make_shared<TopicView>(std::move(*meta));
        found = views_.insert_or_assign(std::string(topic), Known{std::move(view), {}}).first;
      }
      found->second.look_again_at = now + kMetaInterval;
    }
    const std::shared_ptr<TopicView> view = found->second.view;
    for (int tries = 0; tries < 100; ++tries) {  // retention may take a file away between listing and opening
      auto fresh = view->refresh(*files_);
      if (!fresh && fresh.error().code == "not_found" && view->segments().empty())
        return fatal("unknown_topic", "the log's topic " + std::string(topic) + " is not made yet");
      if (!fresh) return fresh.error();
      if (*fresh) ++generation_;
      if (!view->segments().empty()) break;
    }
    return view;
  }
  std::uint64_t generation() override { return generation_.load(); }
  void wait(std::span<const TopicView* const>, std::uint64_t seen,
            std::chrono::steady_clock::time_point until, const std::stop_token& stop) override {
    std::unique_lock lock(mutex_);
    while (generation_ == seen && !stop.stop_requested() && std::chrono::steady_clock::now() < until) {
      bool more = false;
      for (auto& [name, known] : views_) {
        auto fresh = known.view->refresh(*files_);  // what is wrong, find() says
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
  struct Known {
    std::shared_ptr<TopicView> view;
    std::chrono::steady_clock::time_point look_again_at;  // at the topic's own file
  };

  Result<TopicMeta> read_meta(std::string_view topic) {
    const std::string name(topic);
    auto text = files_->read(topic_folder(topic) + "/topic");
    if (!text && text.error().code == "not_found")
      return fatal("unknown_topic", "the log has no topic " + name);
    if (!text) return text.error();
    return decode_meta(name, *text);
  }

  std::unique_ptr<Files> files_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::atomic<std::uint64_t> generation_{0};
  std::map<std::string, Known, std::less<>> views_;
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
    std::erase_if(*names, [this](const std::string& n) {
      return !views_->files().read(topic_folder(n) + "/topic").ok();
    });
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
    return std::unique_ptr<Producer>(
        std::make_unique<ClientProducer>(config_.dir, config_.queue_bytes_max, listener));
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
