#include "producers/agent/sender.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "core/crypto/random.h"

namespace plumbline::agent {
namespace {

using namespace std::chrono_literals;

constexpr auto kIdleWait = 1000ms;  // a wake-up that was missed costs no more
constexpr auto kDeferredWait = 60s;
constexpr auto kDiskWait = 5000ms;
constexpr std::string_view kTimeAhead = "time_ahead";

std::uint64_t random_bits() {
  std::uint64_t bits = 0;
  std::memcpy(&bits, crypto::random_bytes(sizeof bits).data(), sizeof bits);
  return bits;
}

// The body itself is not taken; of anything else (a wrong key, a wrong path, a proxy's page) the batch is not
// to blame.
bool blames_body(int status) {
  return status == 400 || status == 413 || status == 422;
}

}  // namespace

Sender::Sender(SendOptions options, Signer signer, Spool& spool, Spool& deferred, RejectedFile& rejected,
               push::Transport& transport, const Clock& clock)
    : options_(options),
      signer_(std::move(signer)),
      spool_(spool),
      deferred_(deferred),
      rejected_(rejected),
      transport_(transport),
      clock_(clock),
      events_max_(options.batch_events_max) {
  state_.endpoint = signer_.credentials().endpoint;
  state_.key_id = signer_.credentials().key_id;
}

SendState Sender::state() const {
  const std::lock_guard lock(mutex_);
  SendState state = state_;
  state.deferred = deferred_.state().waiting;
  return state;
}

void Sender::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const auto wait = step();
    if (wait == 0ms) continue;
    if (wait == kIdleWait) {
      spool_.wait(stop, wait);
      continue;
    }
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop, wait, [] { return false; });
  }
}

std::chrono::milliseconds Sender::step() {
  if (deferred_.state().waiting > 0 && clock_.monotonic() >= deferred_next_) {
    deferred_next_ = clock_.monotonic() + kDeferredWait;
    return send(deferred_);
  }
  return send(spool_);
}

std::chrono::milliseconds Sender::send(Spool& from) {
  auto batch = from.read(events_max_, options_.batch_bytes_max);
  if (!batch) {
    const std::lock_guard lock(mutex_);
    state_.failed_at = clock_.now();
    state_.error = batch.error().message;
    return kDiskWait;
  }
  if (batch->items == 0) return kIdleWait;
  if (!write_body(*batch)) return kDiskWait;
  refresh_key();
  const push::Response response = transport_.post(
      push::signed_request(signer_.credentials(), signer_.key(), batch->report, compress::Encoding::kZstd,
                           push::random_message_id(), body_, edge_clock_.at(clock_.now())));
  const push::Reply reply = push::parse_reply(response.body);
  if (response.status == 202 || (response.status == 422 && reply.counted)) {
    if (Status settled = settle(from, *batch, reply); !settled) {
      const std::lock_guard lock(mutex_);
      state_.failed_at = clock_.now();
      state_.error = settled.error().message;
      return kDiskWait;
    }
    attempts_ = 0;
    events_max_ = std::min(options_.batch_events_max, events_max_ * 2);
    const std::lock_guard lock(mutex_);
    state_.sent += static_cast<std::int64_t>(batch->items);
    state_.last_sent_at = clock_.now();
    state_.failed_at = {};
    state_.error.clear();
    state_.attempts = 0;
    return 0ms;
  }
  if (edge_clock_.learn(response, clock_.now())) {
    const std::lock_guard lock(mutex_);
    state_.clock_ahead_s = edge_clock_.local_ahead_s();
    return 0ms;
  }
  if (blames_body(response.status)) {
    if (batch->items > 1) {
      events_max_ = batch->items / 2;
      return 0ms;
    }
    if (!refuse(*batch, response, reply)) return kDiskWait;
    from.consume(batch->next, 1);
    return 0ms;
  }
  return failed(response, reply);
}

std::chrono::milliseconds Sender::failed(const push::Response& response, const push::Reply& reply) {
  ++attempts_;
  const push::RetryPolicy policy{.attempts_max = std::numeric_limits<int>::max(),
                                 .first = options_.backoff_first,
                                 .longest = options_.backoff_longest,
                                 .retry_after_max = std::chrono::hours(24 * 365)};
  const auto wait = push::next_wait(policy, std::min(attempts_, 64),
                                    push::parse_retry_after(response.retry_after), random_bits());
  const std::lock_guard lock(mutex_);
  state_.failed_at = clock_.now();
  state_.attempts = attempts_;
  state_.error =
      response.status == 0 ? response.error : "HTTP " + std::to_string(response.status) + " " + reply.detail;
  return std::max(wait.value_or(options_.backoff_longest), std::chrono::milliseconds(1));
}

void Sender::refresh_key() {
  signer_.refresh();
  const std::lock_guard lock(mutex_);
  if (state_.key_id != signer_.credentials().key_id) state_.key_id = signer_.credentials().key_id;
  if (state_.endpoint != signer_.credentials().endpoint) state_.endpoint = signer_.credentials().endpoint;
  if (state_.key_error != signer_.error()) state_.key_error = signer_.error();
}

// What is packed travels as it lies; single lines between are one frame.
Status Sender::write_body(const SpoolBatch& batch) {
  constexpr std::size_t kKept = std::size_t{4} << 20;
  for (std::string* text : {&lines_, &body_}) {
    if (text->capacity() > kKept) *text = {};
    text->clear();
  }
  const auto end_run = [this] {
    if (lines_.empty()) return ok_status();
    Status packed = packer_.compress(lines_, body_);
    lines_.clear();
    return packed;
  };
  for (const Block& block : batch.blocks) {
    if (!block.packed) {
      lines_.append(block.bytes).append("\n");
      continue;
    }
    if (Status ended = end_run(); !ended) return ended;
    body_.append(block.bytes);
  }
  return end_run();
}

// The order matters: what is moved elsewhere is there before the spool forgets it.
Status Sender::settle(Spool& from, const SpoolBatch& batch, const push::Reply& reply) {
  std::vector<std::string> lines;
  if (!reply.rejected.empty()) {
    auto unpacked = lines_of(batch.blocks);
    if (!unpacked) return unpacked.error();
    lines = std::move(*unpacked);
  }
  std::vector<Item> ahead;
  for (const push::Rejected& one : reply.rejected) {
    const bool known = one.index >= 0 && static_cast<std::size_t>(one.index) < lines.size();
    const std::string_view line = known ? std::string_view(lines[static_cast<std::size_t>(one.index)]) : "";
    if (known && one.reason == kTimeAhead) {
      ahead.push_back({batch.report, std::string(line)});
      continue;
    }
    rejected_.add(one.reason, "the edge refused id " + one.id, line);
  }
  if (!ahead.empty()) {
    if (Status kept = deferred_.append(ahead); !kept) {
      if (kept.error().code != "spool_full") return kept;
      for (const Item& item : ahead)
        rejected_.add(kTimeAhead,
                      "its time is ahead of the edge's clock, and too many of this kind wait already",
                      item.line);
    }
  }
  from.consume(batch.next, batch.items);
  return ok_status();
}

Status Sender::refuse(const SpoolBatch& batch, const push::Response& response, const push::Reply& reply) {
  const auto lines = lines_of(batch.blocks);
  if (!lines) return lines.error();
  rejected_.add("http_" + std::to_string(response.status), reply.detail, lines->front());
  return ok_status();
}

}  // namespace plumbline::agent
