// Group commit: one thread takes what all producers submitted, writes one group a topic, syncs, and acks in
// bursts.
#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "core/log/embedded/journal.h"

namespace plumbline::log::embedded {

// A topic as the append path sees it; lives as long as the log.
struct OwnedTopic {
  std::string name;
  std::int32_t partitions = 0;
  std::atomic<std::int64_t> record_bytes_max{0};
  std::unique_ptr<Journal> journal;
  bool failure_told = false;  // only upkeep
  bool no_room = false;       // only upkeep: for zeros, when it was looked at last
};

// What one producer hands over at once.
struct Batch {
  struct Entry {
    OwnedTopic* topic = nullptr;  // null: refused
    std::uint32_t at = 0;         // in bytes
    std::uint32_t size = 0;
    std::int32_t partition = 0;
    std::uint64_t token = 0;
    std::string_view reason;
    std::int64_t offset = -1;
    Ack::Status status = Ack::Status::kRefused;
  };
  std::vector<char> bytes;
  std::vector<Entry> entries;
  AckListener* listener = nullptr;
  std::function<void(std::unique_ptr<Batch>)> done;  // gives the memory back, after the acks
};

class Committer {
 public:
  // `synced` is told, on the committer's thread, which topics a commit has written.
  using Synced = std::function<void(std::span<OwnedTopic* const>)>;
  Committer(std::uint64_t group_bytes_max, Synced synced);
  ~Committer();  // flushes and acks everything

  void submit(std::unique_ptr<Batch> batch);
  // Bytes appended and not acked yet, for the queue's bound.
  std::atomic<std::int64_t> queued_bytes{0};
  [[nodiscard]] Status healthy();
  void note(const Error& error);  // of upkeep, too
  void heal();                    // forgets an error that may pass

 private:
  void run();
  void gather(std::unique_lock<std::mutex>& lock);
  void commit(std::vector<std::unique_ptr<Batch>>& batches);
  void write(OwnedTopic& topic, std::vector<Batch::Entry*>& entries, std::vector<Pending>& pending);
  void settle(std::vector<Batch::Entry*>& entries, Ack::Status status, std::string_view reason);

  std::uint64_t group_bytes_max_;
  Synced synced_;
  std::vector<OwnedTopic*> written_;  // by this commit
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::unique_ptr<Batch>> queue_;
  bool closing_ = false;
  std::size_t queued_records_ = 0;                     // in queue_
  std::size_t enough_ = 1;                             // queued records that wake the thread
  std::size_t usual_records_ = 0;                      // of a group, of late
  std::chrono::steady_clock::duration commit_took_{};  // the last one; only the thread
  std::mutex health_mutex_;
  std::unique_ptr<Error> error_;
  std::map<OwnedTopic*, std::pair<std::vector<Batch::Entry*>, std::vector<Pending>>>
      groups_;  // kept for their memory
  std::vector<Ack> acks_;
  std::thread thread_;
};

}  // namespace plumbline::log::embedded
