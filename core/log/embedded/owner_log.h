// The log as its owner has it. Implementation of open_embedded.
#pragma once
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "core/log/embedded/committer.h"
#include "core/log/embedded/embedded_log.h"
#include "core/log/embedded/group_reader.h"

namespace plumbline::log::embedded {

class OwnerViews final : public Views {
 public:
  Result<std::shared_ptr<TopicView>> find(std::string_view topic) override;
  std::uint64_t generation() override { return generation_.load(); }
  void wait(std::span<const TopicView* const> topics, std::uint64_t seen,
            std::chrono::steady_clock::time_point until, const std::stop_token& stop) override;
  void add(const std::shared_ptr<TopicView>& view);
  // Wakes who waits for one of them, and nobody else: a commit every millisecond is no news to most readers.
  void changed(std::span<OwnedTopic* const> topics);

 private:
  struct Waiter {
    std::span<const TopicView* const> topics;
    bool changed = false;
    std::condition_variable_any wake;
  };
  std::mutex mutex_;
  std::vector<Waiter*> waiters_;
  std::atomic<std::uint64_t> generation_{0};
  std::atomic<int> waiting_{0};  // waiters_, or about to be
  std::map<std::string, std::shared_ptr<TopicView>, std::less<>> views_;
};

class SocketServer;

class OwnerLog final : public Log {
 public:
  static Result<std::unique_ptr<Log>> open(const config::Embedded& config, const EmbeddedOptions& options,
                                           std::unique_ptr<FileLock> lock);
  ~OwnerLog() override;

  Status ensure_topic(const TopicSpec& spec) override;
  Result<TopicInfo> topic(std::string_view name) override;
  Result<std::vector<std::string>> topics() override;
  Result<Watermarks> watermarks(const TopicPartition& at) override;
  Result<std::unique_ptr<Producer>> producer(AckListener& listener) override;
  Result<std::unique_ptr<Reader>> join_group(std::string_view group, std::span<const std::string> topics,
                                             AssignmentListener& listener) override;
  Result<std::unique_ptr<Reader>> reader(std::span<const StartPosition> from) override;
  Status healthy() override { return committer_->healthy(); }

  // For producers.
  [[nodiscard]] OwnedTopic* find_topic(std::string_view name);
  [[nodiscard]] const config::Embedded& config() const { return config_; }
  [[nodiscard]] Committer& committer() { return *committer_; }

 private:
  OwnerLog(const config::Embedded& config, const EmbeddedOptions& options, std::unique_ptr<FileLock> lock);
  Status recover();
  void add(const TopicSpec& spec, std::unique_ptr<Journal> journal);
  Status check(OwnedTopic& topic, const TopicSpec& spec);
  void committed(std::span<OwnedTopic* const> written);
  void maintain(const std::stop_token& stop);
  void upkeep(OwnedTopic& topic, bool due);
  void look_for_space();

  config::Embedded config_;
  EmbeddedOptions options_;
  std::unique_ptr<FileLock> lock_;
  SystemClock system_clock_;
  const Clock& clock_;
  std::unique_ptr<Files> files_;
  JournalOptions journal_options_;
  std::shared_ptr<OwnerViews> views_ = std::make_shared<OwnerViews>();
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<OwnedTopic>, std::less<>> topics_;
  std::mutex wake_mutex_;
  std::condition_variable_any wake_;
  std::atomic<bool> zeros_wanted_{false};
  std::unique_ptr<Committer> committer_;
  std::jthread maintenance_;
  std::unique_ptr<SocketServer> server_;
};

// Views from files alone, refreshed as they are waited for or looked at.
Result<std::unique_ptr<Log>> open_client(const config::Embedded& config);
// Same checks and words for owner and client.
[[nodiscard]] Status check_spec(const TopicSpec& spec, std::int64_t segment_bytes);

}  // namespace plumbline::log::embedded
