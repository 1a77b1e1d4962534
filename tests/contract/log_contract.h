// The one suite that every log backend passes (core/log/log.h is what it holds them to). A backend is a
// struct that makes logs and says what it promises; a test binary links `tests_log_contract` and instantiates
// LogContract with it:
//
//   INSTANTIATE_TEST_SUITE_P(Embedded, LogContract, testing::Values(BackendCase{"embedded", make_embedded}),
//   backend_name);
//
// Every test uses topics and groups of its own (`fresh`), so one backend may serve all of them.
#pragma once
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/log/log.h"

namespace plumbline::log::contract {

using namespace std::chrono_literals;

// What a backend can be made to show. Whatever is false is skipped by name, not passed.
struct Promises {
  bool crash = false;        // crash() loses whatever was not durable and comes back
  bool incarnation = false;  // replace() gives every topic another incarnation
  bool retention = false;    // deletes by age and size within `deadline`
  bool compaction = false;   // within `deadline`
  bool other_reader = true;  // open_other() sees what this log appended
  bool dense = true;         // offsets without gaps on topics that are not compacted
  std::chrono::milliseconds deadline = 60s;
};

class Backend {
 public:
  virtual ~Backend() = default;
  [[nodiscard]] virtual Promises promises() const = 0;
  virtual Log& log() = 0;                                 // the one every test appends to
  virtual Result<std::unique_ptr<Log>> open_other() = 0;  // as another process would; may append too
  virtual void restart() = 0;  // closes and opens again; log() is another object afterwards
  virtual void crash() {}
  virtual void replace() {}
  // Retention of a topic made with it: extra records a test appends so that closed segments exist.
  [[nodiscard]] virtual std::size_t segment_bytes() const { return std::size_t{1} << 20; }
  // The smallest record limit and topic settings may differ by backend.
  virtual void tune(TopicSpec&) const {}
};

struct BackendCase {
  std::string name;
  std::function<std::unique_ptr<Backend>()> make;
};
inline std::string backend_name(const testing::TestParamInfo<BackendCase>& info) {
  return info.param.name;
}

// Collects acks by token; thread-safe.
class Acks final : public AckListener {
 public:
  void on_acks(std::span<const Ack> acks) noexcept override;
  // Waits until `count` acks have come; false at the deadline.
  bool wait(std::size_t count, std::chrono::milliseconds deadline = 60s);
  [[nodiscard]] std::map<std::uint64_t, Ack> by_token();
  [[nodiscard]] std::size_t repeated();  // tokens acked more than once

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::uint64_t, Ack> acks_;
  std::size_t count_ = 0;
  std::size_t repeated_ = 0;
};

struct Copy {  // a record that outlives its poll
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::int64_t timestamp_ms = 0;
  std::string key, value;
  std::vector<std::pair<std::string, std::string>> headers;
};

class LogContract : public testing::TestWithParam<BackendCase> {
 protected:
  void SetUp() override;
  [[nodiscard]] std::string fresh(const std::string& what);
  TopicSpec make_topic(const std::string& what, const std::function<void(TopicSpec&)>& change = {});
  Result<std::int64_t> put(const std::string& topic, std::int32_t partition, std::string_view key,
                           std::string_view value, std::span<const Header> headers = {},
                           std::int64_t timestamp_ms = 0);
  Log& log() { return backend_->log(); }
  // Polls until `enough` or the deadline; errors fail the test.
  std::vector<Copy> read_until(Reader& reader, const std::function<bool(const std::vector<Copy>&)>& enough);
  std::vector<Copy> read_count(Reader& reader, std::size_t count);
  std::vector<Copy> replay(Log& from, const std::string& topic, std::int32_t partition, std::size_t count);
  // The error of the first poll (or of reader()), empty code when it succeeds.
  Error first_error(const StartPosition& from);
  std::unique_ptr<Backend> backend_;
  Promises promises_;
};

[[nodiscard]] std::int64_t now_ms();

}  // namespace plumbline::log::contract
