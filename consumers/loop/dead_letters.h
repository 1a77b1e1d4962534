// Dead letters on their way out: bodies as text and the publisher to dead.v1. A letter's ce_id is made of its
// address, so one that is published twice (a crash between the log's ack and COMMIT) can be told by every
// reader.
#pragma once
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "core/log/log.h"
#include "core/result.h"
#include "sinks/postgres/dead_letters.h"

namespace plumbline::loop {

// A body keeps this much: quoted as JSON it still fits the log's record limit. What is cut stays in the log
// at its address.
inline constexpr std::size_t kDeadBodyBytesMax = std::size_t{5} << 20;

// Text as it is when it is valid UTF-8 without control characters but tab and line ends; else "base64:...".
[[nodiscard]] std::string body_text(std::string_view raw);
// Names and details: as they are when they are such text, else made so with '?' for what is not.
[[nodiscard]] std::string plain(std::string_view raw);
// {consumer}.{topic}.{partition}.{offset}.{index}
[[nodiscard]] std::string ce_id(const postgres::DeadLetter& letter);

// Appends to dead.v1 and waits. Not thread-safe.
class DeadPublisher final : private log::AckListener {
 public:
  explicit DeadPublisher(log::Log& log) : log_(log) {}
  // Returns once the log has all of them durably; retryable when it can't.
  Status publish(std::span<const postgres::DeadLetter> letters);

 private:
  void on_acks(std::span<const log::Ack> acks) noexcept override;
  Status append(const postgres::DeadLetter& letter, std::uint64_t token, std::int32_t partitions);

  log::Log& log_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::uint64_t first_token_ = 0;  // of the publish under way: late acks of an earlier one are ignored
  std::uint64_t next_token_ = 0;
  std::size_t durable_ = 0;
  std::size_t failed_ = 0;
  std::unique_ptr<log::Producer> producer_;  // last: its destructor still delivers acks
};

}  // namespace plumbline::loop
