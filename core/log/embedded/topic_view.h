// What readers see of a topic: its segments up to the synced watermark. The owner publishes into it; another
// process refreshes it from the files. Thread-safe.
#pragma once
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/log/embedded/files.h"
#include "core/log/embedded/format.h"

namespace plumbline::log::embedded {

struct Segment {
  SegmentHeader header;
  std::shared_ptr<const char> data;
  std::uint64_t file_bytes = 0;                         // when it was opened
  std::uint64_t mapped_bytes = 0;                       // of address space, also beyond the file
  std::atomic<std::uint64_t> end{kSegmentHeaderBytes};  // synced; below it bytes never change
  std::atomic<std::int64_t> newest_ms{0};
};

struct TopicMeta {
  TopicSpec spec;
  Uuid incarnation;
};
std::string encode(const TopicMeta& meta);
Result<TopicMeta> decode_meta(const std::string& name, std::string_view text);

// The synced watermark of a topic as other processes read it: one word and its complement.
struct Synced {
  std::uint64_t segment = 0;
  std::uint64_t end = 0;
};
inline constexpr int kSyncedEndBits = 36;  // a segment stays below 64 GiB
std::string encode(const Synced& synced);
std::optional<Synced> decode_synced(std::string_view text);

[[nodiscard]] std::string topic_folder(std::string_view topic);
[[nodiscard]] std::string segment_path(std::string_view topic, std::uint64_t number);
Result<std::shared_ptr<Segment>> open_segment(Files& files, const std::string& path, std::size_t map_bytes);

class TopicView {
 public:
  explicit TopicView(TopicMeta meta);
  const TopicMeta meta;

  [[nodiscard]] Watermarks watermarks(std::int32_t partition) const;
  [[nodiscard]] std::shared_ptr<Segment> first_after(std::uint64_t number) const;  // null when there is none
  // The newest segment that begins at or before `offset` of the partition; the oldest when none does.
  [[nodiscard]] std::shared_ptr<Segment> containing(std::int32_t partition, std::int64_t offset) const;
  [[nodiscard]] std::vector<std::shared_ptr<Segment>> segments() const;

  // The owner's side.
  void set_segments(std::vector<std::shared_ptr<Segment>> segments);
  void publish(Segment& segment, std::uint64_t end, std::span<const std::int64_t> next_offsets);
  // Another process's side: looks at the files again. True when there is more to read.
  Result<bool> refresh(Files& files);

 private:
  Status list_again(Files& files, const Synced& synced);
  Status walk(const Segment& segment, std::uint64_t from, std::uint64_t to);

  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<Segment>> segments_;
  std::vector<std::int64_t> highs_;
  Synced seen_;
  std::uint64_t forgotten_to_ = 0;  // of the newest segment: what was walked below it is not kept mapped
};

}  // namespace plumbline::log::embedded
