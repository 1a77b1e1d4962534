// The files of one topic, written by one owner. All partitions share one journal, so a group commit is one
// write and one fdatasync whatever it holds (docs/adr/0002). Appends and sync come from one thread; keep()
// and prepare_ahead() may come from another. Deterministic: no threads, no clock of its own.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "core/log/embedded/files.h"
#include "core/log/embedded/topic_view.h"

namespace plumbline::log::embedded {

struct JournalOptions {
  std::uint64_t segment_bytes = std::uint64_t{64} << 20;
  std::uint64_t zero_chunk_bytes = std::uint64_t{4}
                                   << 20;  // zero-filled and synced at once, ahead of the appends
  std::uint64_t compact_bytes_min = std::uint64_t{1}
                                    << 20;       // a compacted topic's open segment is closed from here on
  std::int64_t tombstone_keep_ms = 3600 * 1000;  // so that a running reader sees a deletion
  std::optional<std::uint32_t> salt_seed;        // of the segments' salts; none: of the system's randomness

  // Of a group's records: a segment holds it whole.
  [[nodiscard]] std::uint64_t group_bytes_max() const {
    return segment_bytes - kSegmentHeaderBytes - kGroupHeaderBytes;
  }
};

// A record to be written: encoded by append_record; its offset is put in place here.
struct Pending {
  char* bytes = nullptr;
  std::uint32_t size = 0;
  std::int32_t partition = 0;
  std::int64_t offset = -1;  // out
};

class Journal {
 public:
  // Makes the topic's folder and first segment, durably.
  static Result<std::unique_ptr<Journal>> create(Files& files, const TopicMeta& meta,
                                                 const JournalOptions& options);
  // Opens what is there: cuts a torn tail; "log_corrupt" when anything synced is damaged or missing.
  static Result<std::unique_ptr<Journal>> recover(Files& files, const std::string& topic,
                                                  const JournalOptions& options);

  // Writes one group. "no_space": nothing was appended and the next call may succeed. "unfinished": the same,
  // but until then the group may be found whole after a crash. Any other error is final: what was appended
  // since the last sync is unconfirmed and every later call fails.
  Status append(std::span<Pending> records);
  // Makes everything appended durable and visible to readers.
  Status sync();
  // Zero-fills the next chunk when appends come near the end of what is prepared. "no_space" may heal; any
  // other error is final as append's.
  Status prepare_ahead();
  // On the appending thread: prepare_ahead() has something to do.
  [[nodiscard]] bool wants_ahead() const {
    return prepared_ < options_.segment_bytes && prepared_ - end_ < options_.zero_chunk_bytes;
  }
  // Retention and compaction as of `now_ms`; closes the open segment when that is what they wait for. A
  // failed sync is final as append's; what else goes wrong is tried again at the next call.
  Status keep(std::int64_t now_ms);
  Status set_spec(const TopicSpec& spec);  // retention may change at any start
  [[nodiscard]] TopicSpec spec();          // as it was set last

  [[nodiscard]] bool failed() const { return failed_; }  // nothing is taken any more
  [[nodiscard]] const std::shared_ptr<TopicView>& view() const { return view_; }
  [[nodiscard]] std::uint64_t cut_bytes() const {
    return cut_bytes_;
  }  // of the torn tail, when it was opened

 private:
  Journal(Files& files, TopicMeta meta, const JournalOptions& options);
  Status open_all();
  Status scan_last();
  Status cut_tail(std::uint64_t from, std::uint64_t size);
  Status write_again(std::uint64_t to);
  Status check_damage(std::uint64_t from, std::uint64_t size);
  Status start_segment(std::uint64_t number);
  Status roll();
  Status zero_to(File& file, std::uint64_t needed);
  Status sync_new(File& file);
  Status sync_names();
  Status final_unless_ok(Status status);
  Error refused() const;
  Status publish();
  Status drop_oldest();
  Status compact(std::int64_t now_ms);
  Status write_compacted(const std::vector<std::shared_ptr<Segment>>& closed, std::int64_t now_ms);
  [[nodiscard]] std::string folder() const { return topic_folder(meta_.spec.name); }

  Files& files_;
  TopicMeta meta_;
  JournalOptions options_;
  std::shared_ptr<TopicView> view_;
  std::mutex mutex_;  // everything below but what the zero filler shares
  std::unique_ptr<File> synced_file_;
  std::shared_ptr<Segment> segment_;
  std::vector<std::int64_t> next_;
  std::uint64_t next_group_ = 1;
  std::int64_t newest_ms_ = 0;
  std::atomic<bool> failed_{false};  // never goes back: only opening anew tells what is on disk
  std::mt19937 salts_;
  std::array<char, kGroupHeaderBytes> header_{};  // of the group under way, and what it is written from
  std::vector<std::span<const char>> pieces_;
  std::uint64_t cut_bytes_ = 0;
  std::uint64_t synced_before_ = kSegmentHeaderBytes;  // how far the owner before had synced the open segment

  std::mutex zero_mutex_;  // the file and how far it is prepared
  std::unique_ptr<File> file_;
  // The zero filler's own descriptor: the kernel tells each one of a failed write-back, so neither hides it
  // from the other.
  std::unique_ptr<File> ahead_;
  std::atomic<std::uint64_t> prepared_{0};
  std::atomic<std::uint64_t> end_{0};
};

}  // namespace plumbline::log::embedded
