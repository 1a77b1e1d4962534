#include "tests/contract/log_contract.h"

#include <atomic>

#include <unistd.h>

namespace plumbline::log::contract {

void Acks::on_acks(std::span<const Ack> acks) noexcept {
  const std::lock_guard lock(mutex_);
  for (const Ack& ack : acks) {
    if (!acks_.emplace(ack.token, ack).second) ++repeated_;
    ++count_;
  }
  changed_.notify_all();
}

bool Acks::wait(std::size_t count, std::chrono::milliseconds deadline) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, deadline, [&] { return count_ >= count; });
}

std::map<std::uint64_t, Ack> Acks::by_token() {
  const std::lock_guard lock(mutex_);
  return acks_;
}

std::size_t Acks::repeated() {
  const std::lock_guard lock(mutex_);
  return repeated_;
}

std::int64_t now_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

void LogContract::SetUp() {
  backend_ = GetParam().make();
  ASSERT_NE(backend_, nullptr);
  promises_ = backend_->promises();
}

std::string LogContract::fresh(const std::string& what) {
  static std::atomic<int> count{0};
  return what + "-" + std::to_string(getpid()) + "-" + std::to_string(now_ms()) + "-" +
         std::to_string(++count);
}

TopicSpec LogContract::make_topic(const std::string& what, const std::function<void(TopicSpec&)>& change) {
  TopicSpec spec;
  spec.name = fresh(what);
  spec.partitions = 4;
  backend_->tune(spec);
  if (change) change(spec);
  const Status made = log().ensure_topic(spec);
  EXPECT_TRUE(made.ok()) << (made ? "" : made.error().message);
  return spec;
}

Result<std::int64_t> LogContract::put(const std::string& topic, std::int32_t partition, std::string_view key,
                                      std::string_view value, std::span<const Header> headers,
                                      std::int64_t timestamp_ms) {
  Record record;
  record.topic = topic;
  record.partition = partition;
  record.key = key;
  record.value = value;
  record.headers = headers;
  record.timestamp_ms = timestamp_ms == 0 ? now_ms() : timestamp_ms;
  return append_and_wait(log(), record);
}

std::vector<Copy> LogContract::read_until(Reader& reader,
                                          const std::function<bool(const std::vector<Copy>&)>& enough) {
  std::vector<Copy> got;
  const auto deadline = std::chrono::steady_clock::now() + promises_.deadline;
  while (!enough(got) && std::chrono::steady_clock::now() < deadline) {
    auto batch = reader.poll(1 << 20, 100ms, {});
    if (!batch) {
      ADD_FAILURE() << batch.error().code << ": " << batch.error().message;
      break;
    }
    for (const ReadRecord& r : *batch) {
      Copy copy{r.partition, r.offset, r.timestamp_ms, std::string(r.key), std::string(r.value), {}};
      for (const Header& h : r.headers) copy.headers.emplace_back(h.name, h.value);
      got.push_back(std::move(copy));
    }
  }
  return got;
}

std::vector<Copy> LogContract::read_count(Reader& reader, std::size_t count) {
  return read_until(reader, [&](const std::vector<Copy>& got) { return got.size() >= count; });
}

std::vector<Copy> LogContract::replay(Log& from, const std::string& topic, std::int32_t partition,
                                      std::size_t count) {
  const StartPosition start{{topic, partition}, std::nullopt, ""};
  auto reader = from.reader(std::span(&start, 1));
  if (!reader) {
    ADD_FAILURE() << reader.error().message;
    return {};
  }
  return read_count(**reader, count);
}

Error LogContract::first_error(const StartPosition& from) {
  auto reader = log().reader(std::span(&from, 1));
  if (!reader) return reader.error();
  const auto deadline = std::chrono::steady_clock::now() + promises_.deadline;
  while (std::chrono::steady_clock::now() < deadline) {
    auto batch = (*reader)->poll(1 << 20, 1s, {});
    if (!batch && batch.error().fault != Fault::kRetryable) return batch.error();
    if (batch && !batch->empty()) break;
  }
  return {};
}

}  // namespace plumbline::log::contract
