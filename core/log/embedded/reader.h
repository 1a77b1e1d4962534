// Walks the journals of its topics up to the synced watermark; records are views into the mapped segments.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/log/embedded/views.h"

namespace plumbline::log::embedded {

class JournalReader final : public Reader {
 public:
  explicit JournalReader(std::shared_ptr<Views> views) : views_(std::move(views)) {}

  Status add(const StartPosition& from);  // "position_lost" as Reader::poll
  void remove(const TopicPartition& at);

  Result<std::span<const ReadRecord>> poll(std::size_t bytes_max, std::chrono::milliseconds wait,
                                           std::stop_token stop) override;
  Status seek(const TopicPartition& at, std::int64_t offset) override;
  void commit_hint(const TopicPartition&, std::int64_t) override {}
  [[nodiscard]] std::vector<TopicPartition> assignment() const override;

 private:
  struct Cursor {
    std::shared_ptr<TopicView> view;
    std::vector<std::int64_t> wanted;  // next offset by partition; -1: not read
    std::shared_ptr<Segment> segment;
    std::uint64_t at = 0;           // of the next record, or of a group header
    std::uint64_t group_end = 0;    // at < group_end: inside a group whose checksum held
    std::uint64_t mapped_from = 0;  // pages below were let go of
    std::uint64_t fetched_to = 0;   // pages below could be read
  };
  struct Left {  // read to its end; views of it were given out
    std::shared_ptr<Segment> segment;
    std::uint64_t from, to;
  };
  // "position_lost" when a topic is not any more the one that its positions belong to.
  Status same_topics();
  Status collect(Cursor& cursor, std::size_t bytes_max, std::size_t& bytes);
  Result<bool> enter_group(Cursor& cursor);
  Result<bool> next_segment(Cursor& cursor);
  void take(Cursor& cursor, const RecordHeader& header, const char* record);
  static Status place(Cursor& cursor);
  static void begin(Cursor& cursor, std::shared_ptr<Segment> segment);
  static Status begins_by(Cursor& cursor, std::size_t partition, const Segment& segment);
  static Status fetch(Cursor& cursor, std::uint64_t to);
  static void forget_read(Cursor& cursor, std::uint64_t bytes_min);

  std::shared_ptr<Views> views_;
  std::map<std::string, Cursor, std::less<>> cursors_;
  std::vector<const TopicView*> awaited_;
  std::vector<ReadRecord> records_;
  std::vector<Header> headers_;
  std::vector<std::size_t> first_header_;
  std::vector<std::shared_ptr<Segment>> held_;
  std::vector<Left> left_;  // by the last poll
  std::chrono::steady_clock::time_point next_look_{};
};

}  // namespace plumbline::log::embedded
