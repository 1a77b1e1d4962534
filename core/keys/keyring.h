// The edge's keys and limits: reads the compacted topic keys.v1 on a thread of its own and keeps the newest
// KeyTable at hand. Serves on without PostgreSQL, and with what it has while the log is away. Thread-safe.
#pragma once
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string_view>
#include <thread>

#include "core/keys/key_state.h"
#include "core/log/log.h"
#include "core/telemetry/metrics.h"
#include "core/telemetry/trouble.h"

namespace plumbline::keys {

struct KeyringOptions {
  std::chrono::milliseconds poll_wait{200};
  std::chrono::milliseconds backoff_max{2000};  // while the log is away
  // Compaction may have removed the very last offset that was there at the start. A healthy log that has had
  // nothing more to give for this long has been read to its end.
  std::chrono::milliseconds silence_is_end{10000};
};

class Keyring {
 public:
  // Starts reading. `log` and `metrics` outlive it. The topic need not exist yet.
  Keyring(log::Log& log, crypto::Sealer sealer, telemetry::Metrics& metrics, KeyringOptions options = {});
  ~Keyring();  // stops and joins
  Keyring(const Keyring&) = delete;
  Keyring& operator=(const Keyring&) = delete;

  // True once everything that was in the topic at the start has been read; stays true.
  [[nodiscard]] bool ready() const { return ready_.load(std::memory_order_acquire); }
  // The newest table; never null. Takes a lock: for rare callers, others keep a KeyView.
  [[nodiscard]] std::shared_ptr<const KeyTable> table() const;
  // Rises when the table changes.
  [[nodiscard]] std::uint64_t generation() const { return generation_.load(std::memory_order_acquire); }

 private:
  void run(const std::stop_token& stop);
  Status session(const std::stop_token& stop);
  Result<bool> read_some(log::Reader& reader, const std::stop_token& stop);
  void apply(const log::ReadRecord& record);
  void publish();
  void become_ready(std::string_view how);

  log::Log& log_;
  KeyringOptions options_;
  KeyState state_;
  telemetry::Counter& applied_;
  telemetry::Counter& old_;
  telemetry::Counter& unreadable_;
  telemetry::Counter& failures_;
  telemetry::Trouble trouble_{"keyring_interrupted"};
  telemetry::Gauge& keys_gauge_;
  telemetry::Gauge& ready_gauge_;
  std::int64_t next_offset_ = 0;  // after the last record read in this session
  std::atomic<bool> ready_{false};
  std::atomic<std::uint64_t> generation_{0};
  mutable std::mutex mutex_;
  std::shared_ptr<const KeyTable> table_;  // under mutex_
  std::jthread thread_;
};

// One thread's way to the keys: a look-up costs one atomic load and a hash, and takes the lock only after a
// change. A pointer from find stays valid until the next find of the same view. Not thread-safe: one for each
// thread.
class KeyView {
 public:
  explicit KeyView(const Keyring& keyring) : keyring_(keyring) {}
  [[nodiscard]] const KeyEntry* find(std::string_view key_id) {
    const std::uint64_t generation = keyring_.generation();
    if (!table_ || generation != generation_) {
      table_ = keyring_.table();
      generation_ = generation;
    }
    return table_->find(key_id);
  }
  // Keeps what find returned alive for longer, such as across a wait.
  [[nodiscard]] std::shared_ptr<const KeyTable> table() const { return table_; }

 private:
  const Keyring& keyring_;
  std::uint64_t generation_ = 0;
  std::shared_ptr<const KeyTable> table_;
};

}  // namespace plumbline::keys
