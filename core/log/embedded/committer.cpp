#include "core/log/embedded/committer.h"

#include <algorithm>

namespace plumbline::log::embedded {
namespace {

// Waiting for company pays when there is some: below this many records a group is written at once.
constexpr std::size_t kCompanyLeast = 16;
constexpr std::chrono::microseconds kGatherMax{500};

}  // namespace

Committer::Committer(std::uint64_t group_bytes_max, Synced synced)
    : group_bytes_max_(group_bytes_max), synced_(std::move(synced)), thread_([this] { run(); }) {}

Committer::~Committer() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    wake_.notify_one();
  }
  thread_.join();
}

void Committer::submit(std::unique_ptr<Batch> batch) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    const bool before = queued_records_ >= enough_;
    queued_records_ += batch->entries.size();
    queue_.push_back(std::move(batch));
    wake = !before && queued_records_ >= enough_;
  }
  if (wake) wake_.notify_one();  // outside: who wakes would wait for the lock at once
}

Status Committer::healthy() {
  const std::lock_guard lock(health_mutex_);
  return error_ ? Status(*error_) : ok_status();
}

void Committer::note(const Error& error) {
  const std::lock_guard lock(health_mutex_);
  if (!error_ || error_->fault != Fault::kFatal) error_ = std::make_unique<Error>(error);
}

void Committer::heal() {
  const std::lock_guard lock(health_mutex_);
  if (error_ && error_->fault != Fault::kFatal) error_.reset();
}

void Committer::run() {
  std::vector<std::unique_ptr<Batch>> batches;
  while (true) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return closing_ || !queue_.empty(); });
      if (queue_.empty()) return;
      gather(lock);
      batches.swap(queue_);
      usual_records_ = std::max(queued_records_, usual_records_ - usual_records_ / 8);
      queued_records_ = 0;
    }
    const auto begun = std::chrono::steady_clock::now();
    commit(batches);
    commit_took_ = std::chrono::steady_clock::now() - begun;
    for (auto& batch : batches) {
      std::int64_t bytes = 0;
      acks_.clear();
      for (const Batch::Entry& e : batch->entries) {
        const bool durable = e.status == Ack::Status::kDurable;
        acks_.push_back(
            {e.token, e.status, durable ? e.offset : -1, durable ? std::string_view{} : e.reason});
        bytes += e.size;
      }
      queued_bytes -= bytes;
      batch->listener->on_acks(acks_);
      auto done = std::move(batch->done);
      done(std::move(batch));
    }
    batches.clear();
  }
}

// Under load producers answer one group and fill the next: what comes first would be written and synced
// alone, and everything else wait for it. A sync costs as much for one record as for a hundred, so the group
// waits, for no longer than half a sync, until it is about as large as groups are.
void Committer::gather(std::unique_lock<std::mutex>& lock) {
  const std::size_t enough = usual_records_ - usual_records_ / 4;
  if (enough < kCompanyLeast || queued_records_ >= enough) return;
  enough_ = enough;
  const auto longest = std::min<std::chrono::steady_clock::duration>(commit_took_ / 2, kGatherMax);
  wake_.wait_for(lock, longest, [this] { return closing_ || queued_records_ >= enough_; });
  enough_ = 1;
}

void Committer::settle(std::vector<Batch::Entry*>& entries, Ack::Status status, std::string_view reason) {
  for (Batch::Entry* e : entries) {
    e->status = status;
    e->reason = reason;
  }
}

void Committer::write(OwnedTopic& topic, std::vector<Batch::Entry*>& entries, std::vector<Pending>& pending) {
  Status done = topic.journal->append(pending);
  const bool appended = done.ok();
  if (appended) done = topic.journal->sync();
  if (done) {
    for (std::size_t i = 0; i < entries.size(); ++i) entries[i]->offset = pending[i].offset;
    settle(entries, Ack::Status::kDurable, {});
    heal();
  } else {
    const std::string& code = done.error().code;
    const bool full = code == "no_space" || code == "unfinished";
    note(full ? retryable("no_space", done.error().message) : done.error());
    const bool refused = !appended && (code == "no_space" || code == "log_failed");
    settle(entries, refused ? Ack::Status::kRefused : Ack::Status::kUnconfirmed,
           full ? "log_full" : "log_failed");
  }
  entries.clear();
  pending.clear();
}

void Committer::commit(std::vector<std::unique_ptr<Batch>>& batches) {
  std::map<OwnedTopic*, std::uint64_t> sizes;
  for (auto& batch : batches) {
    for (Batch::Entry& e : batch->entries) {
      if (e.topic == nullptr) continue;
      auto& [entries, pending] = groups_[e.topic];
      std::uint64_t& size = sizes[e.topic];
      if (!entries.empty() && size + e.size > group_bytes_max_) {
        write(*e.topic, entries, pending);
        size = 0;
      }
      entries.push_back(&e);
      pending.push_back({batch->bytes.data() + e.at, e.size, e.partition, -1});
      size += e.size;
    }
  }
  for (auto& [topic, group] : groups_) {
    if (!group.first.empty()) write(*topic, group.first, group.second);
  }
  written_.clear();
  for (const auto& [topic, size] : sizes) written_.push_back(topic);
  synced_(written_);
}

}  // namespace plumbline::log::embedded
