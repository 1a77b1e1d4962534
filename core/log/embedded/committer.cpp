#include "core/log/embedded/committer.h"

namespace plumbline::log::embedded {

Committer::Committer(std::uint64_t group_bytes_max, std::function<void()> synced)
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
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(batch));
    first = queue_.size() == 1;
  }
  if (first) wake_.notify_one();  // outside: who wakes would wait for the lock at once
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
      batches.swap(queue_);
    }
    commit(batches);
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
  synced_();
}

}  // namespace plumbline::log::embedded
