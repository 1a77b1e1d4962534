// The agent's queue on disk: what it acknowledged survives a crash and a power cut and is never dropped; when
// it is full it refuses. docs/agent.md, "The spool".
//
// Threads. append is thread-safe; read, consume and wait belong to one reader. A thread of its own writes
// what came meanwhile as one group, syncs once and then answers all of it.
#pragma once
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "core/result.h"
#include "producers/agent/files.h"
#include "producers/agent/spool_format.h"

namespace plumbline::agent {

struct SpoolOptions {
  std::filesystem::path folder;
  std::int64_t bytes_max = std::int64_t{256} << 20;    // about 400,000 decisions: weeks of a busy machine
  std::int64_t segment_bytes = std::int64_t{8} << 20;  // freed as a whole; at most an eighth of bytes_max
};

struct SpoolState {
  std::int64_t bytes = 0;  // on disk, with what is admitted and not written yet
  std::int64_t bytes_max = 0;
  std::int64_t waiting = 0;        // events not consumed
  std::int64_t refused = 0;        // events answered "full" or "disk", since open
  std::int64_t damaged_bytes = 0;  // of frames that the disk returned otherwise than they were written
  std::int64_t torn_bytes = 0;     // cut at open: never acknowledged
};

struct SpoolBatch {
  bool report = false;
  std::vector<Block> blocks;
  std::size_t items = 0;  // of all blocks
  Position next;          // for consume
};

class Spool {
 public:
  // Retryable "spool_busy": another process has it; retryable "file": the system's words.
  [[nodiscard]] static Result<std::unique_ptr<Spool>> open(SpoolOptions options);
  // Writes what was admitted.
  ~Spool();
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  using Done = std::function<void(Status)>;
  // All items or none. `done` is called once, from the spool's thread or from here, with ok when they are on
  // disk; retryable "spool_full" or "spool_disk": nothing is kept, offer them again later.
  void append(std::vector<Block> blocks, Done done);
  // The same, waiting.
  [[nodiscard]] Status append(std::vector<Block> blocks);
  [[nodiscard]] Status append(std::vector<Item> items);

  // The oldest items that are on disk, up to both bounds (one at least; `bytes_max` is of unpacked lines),
  // all reports or all not. Of a packed block that does not fit as a whole its first lines. Empty when there
  // is none.
  [[nodiscard]] Result<SpoolBatch> read(std::size_t items_max, std::size_t bytes_max);
  // Everything before `next` was delivered (or moved elsewhere); `items` as many as that is. Where the disk
  // takes no cursor now, read tries it again: an old one makes a restart repeat, never skip.
  void consume(Position next, std::size_t items);
  // Until read may have something, or the time is over, or a stop.
  void wait(const std::stop_token& stop, std::chrono::milliseconds longest);

  [[nodiscard]] SpoolState state() const;

 private:
  struct Waiting {
    std::vector<Block> blocks;
    std::int64_t items = 0;
    std::int64_t bytes = 0;
    Done done;
  };
  explicit Spool(SpoolOptions options) : options_(std::move(options)) {}
  Status recover();
  Status recover_segment(std::uint64_t number, bool last);
  Result<Position> read_cursor() const;
  Status begin_segment(std::uint64_t number);
  void run(const std::stop_token& stop);
  Status write_group(const std::vector<Waiting>& group);
  void undo_write(bool sync_failed);
  Status take_lines(const Frame& frame, std::size_t items_max, std::size_t bytes_max, SpoolBatch& batch);
  void keep_cursor();
  void drop_before(std::uint64_t segment);
  [[nodiscard]] std::filesystem::path path(std::uint64_t segment) const {
    return options_.folder / segment_name(segment);
  }

  const SpoolOptions options_;
  Fd lock_;

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<Waiting> waiting_;
  std::map<std::uint64_t, std::uint64_t> synced_;  // bytes on disk by segment, oldest first
  std::int64_t bytes_ = 0;
  std::int64_t admitted_bytes_ = 0;
  std::int64_t items_ = 0;
  std::int64_t refused_ = 0;
  std::int64_t damaged_bytes_ = 0;
  std::int64_t torn_bytes_ = 0;

  // The writer's.
  std::uint64_t segment_ = 0;
  Fd segment_fd_;
  bool segment_bad_ = false;  // a write to it failed: begin another

  // The reader's.
  Position head_;
  bool cursor_old_ = false;  // the one on disk is
  Fd cursor_fd_;
  std::uint64_t open_segment_ = 0;
  Fd open_fd_;

  std::jthread thread_;
};

}  // namespace plumbline::agent
