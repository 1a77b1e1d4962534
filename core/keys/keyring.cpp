#include "core/keys/keyring.h"

#include <algorithm>
#include <condition_variable>

#include "core/frame.h"
#include "core/telemetry/logging.h"

namespace plumbline::keys {
namespace {

constexpr std::size_t kPollBytes = std::size_t{4} << 20;
void wait(const std::stop_token& stop, std::chrono::milliseconds time) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, time, [] { return false; });
}

}  // namespace

Keyring::Keyring(log::Log& log, crypto::Sealer sealer, telemetry::Metrics& metrics, KeyringOptions options)
    : log_(log),
      options_(options),
      state_(std::move(sealer)),
      applied_(metrics.counter("plumbline_keyring_records_total",
                               "Records of keys.v1 read, by what became of them", {{"outcome", "applied"}})),
      old_(metrics.counter("plumbline_keyring_records_total",
                           "Records of keys.v1 read, by what became of them", {{"outcome", "old"}})),
      unreadable_(metrics.counter("plumbline_keyring_records_total",
                                  "Records of keys.v1 read, by what became of them",
                                  {{"outcome", "unreadable"}})),
      failures_(metrics.counter("plumbline_keyring_failures_total",
                                "Interruptions of reading keys.v1: the log was away")),
      keys_gauge_(metrics.gauge("plumbline_keyring_keys", "Signing keys that can be found")),
      ready_gauge_(
          metrics.gauge("plumbline_keyring_ready", "1 once keys.v1 was read to its end at the start")),
      table_(std::make_shared<const KeyTable>()) {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

Keyring::~Keyring() = default;  // thread_ is the last member: it is joined before what it uses goes

std::shared_ptr<const KeyTable> Keyring::table() const {
  const std::lock_guard lock(mutex_);
  return table_;
}

void Keyring::run(const std::stop_token& stop) {
  auto backoff = std::chrono::milliseconds(50);
  while (!stop.stop_requested()) {
    const std::uint64_t before = applied_.value() + old_.value();
    const Status ended = session(stop);
    if (ended) continue;
    failures_.add();
    trouble_.met(ended.error());
    if (applied_.value() + old_.value() != before) backoff = std::chrono::milliseconds(50);
    wait(stop, backoff);
    backoff = std::min(backoff * 2, options_.backoff_max);
  }
}

// One reader's life, from the oldest record on: what is known already has no newer version, so reading it
// again is harmless, also when the topic was made anew. Ok only when a stop was asked for.
Status Keyring::session(const std::stop_token& stop) {
  const log::TopicPartition at{std::string(frame::kKeysTopic), 0};
  auto marks = log_.watermarks(at);
  if (!marks) return marks.error();
  const log::StartPosition start[] = {{at, std::nullopt, ""}};
  auto reader = log_.reader(start);
  if (!reader) return reader.error();
  next_offset_ = marks->low;
  auto heard = std::chrono::steady_clock::now();
  while (!stop.stop_requested()) {
    if (!ready() && next_offset_ >= marks->high) become_ready("read_to_end");
    auto some = read_some(**reader, stop);
    if (!some) return some.error();
    trouble_.over();
    const auto now = std::chrono::steady_clock::now();
    if (*some) heard = now;
    if (!ready() && now - heard > options_.silence_is_end && log_.healthy()) become_ready("nothing_more");
  }
  return ok_status();
}

Result<bool> Keyring::read_some(log::Reader& reader, const std::stop_token& stop) {
  auto records = reader.poll(kPollBytes, options_.poll_wait, stop);
  if (!records) return records.error();
  if (records->empty()) return false;
  const std::uint64_t before = applied_.value() + unreadable_.value();
  for (const log::ReadRecord& record : *records) {
    apply(record);
    next_offset_ = record.offset + 1;
  }
  if (applied_.value() + unreadable_.value() != before) publish();
  return true;
}

void Keyring::apply(const log::ReadRecord& record) {
  auto applied = state_.apply(record.key, record.value);
  if (!applied) {
    unreadable_.add();
    telemetry::error(
        "key_record_unreadable",
        {{"offset", record.offset}, {"code", applied.error().code}, {"reason", applied.error().message}});
  } else if (*applied == Applied::kOld) {
    old_.add();
  } else {
    applied_.add();
  }
}

void Keyring::publish() {
  auto table = state_.table();
  keys_gauge_.set(static_cast<double>(table->size()));
  {
    const std::lock_guard lock(mutex_);
    table_.swap(table);
  }
  generation_.fetch_add(1, std::memory_order_release);
}

void Keyring::become_ready(std::string_view how) {
  ready_.store(true, std::memory_order_release);
  ready_gauge_.set(1);
  telemetry::info("keyring_ready", {{"how", how}, {"records", static_cast<std::int64_t>(state_.records())}});
}

}  // namespace plumbline::keys
