#include "core/log/embedded/owner_log.h"

#include <algorithm>

#include "core/log/embedded/producer.h"
#include "core/log/embedded/socket_server.h"
#include "core/telemetry/logging.h"

namespace plumbline::log::embedded {

Result<std::shared_ptr<TopicView>> OwnerViews::find(std::string_view topic) {
  const std::lock_guard lock(mutex_);
  const auto found = views_.find(topic);
  if (found == views_.end()) return fatal("unknown_topic", "the log has no topic " + std::string(topic));
  return found->second;
}

void OwnerViews::wait(std::span<const TopicView* const> topics, std::uint64_t seen,
                      std::chrono::steady_clock::time_point until, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  ++waiting_;  // before the look at the generation: changed() raises it before it looks here
  if (generation_.load() == seen) {
    Waiter waiter;
    waiter.topics = topics;
    waiters_.push_back(&waiter);
    waiter.wake.wait_until(lock, stop, until, [&] { return waiter.changed; });
    std::erase(waiters_, &waiter);
  }
  --waiting_;
}

void OwnerViews::add(const std::shared_ptr<TopicView>& view) {
  const std::lock_guard lock(mutex_);
  views_[view->meta.spec.name] = view;
}

void OwnerViews::changed(std::span<OwnedTopic* const> topics) {
  ++generation_;
  if (waiting_.load() == 0) return;
  const std::lock_guard lock(mutex_);
  for (Waiter* waiter : waiters_) {
    waiter->changed = std::any_of(topics.begin(), topics.end(),
                                  [waiter](const OwnedTopic* topic) {
                                    const TopicView* view = topic->journal->view().get();
                                    return std::find(waiter->topics.begin(), waiter->topics.end(), view) !=
                                           waiter->topics.end();
                                  }) ||
                      waiter->changed;
    if (waiter->changed) waiter->wake.notify_one();
  }
}

OwnerLog::OwnerLog(const config::Embedded& config, const EmbeddedOptions& options,
                   std::unique_ptr<FileLock> lock)
    : config_(config),
      options_(options),
      lock_(std::move(lock)),
      clock_(options.clock ? *options.clock : system_clock_) {
  journal_options_.segment_bytes = static_cast<std::uint64_t>(config.segment_bytes);
  journal_options_.compact_bytes_min = static_cast<std::uint64_t>(options.compact_bytes_min);
}

Result<std::unique_ptr<Log>> OwnerLog::open(const config::Embedded& config, const EmbeddedOptions& options,
                                            std::unique_ptr<FileLock> lock) {
  std::unique_ptr<OwnerLog> log(new OwnerLog(config, options, std::move(lock)));
  auto files = posix_files(config.dir, false);
  if (!files) return files.error();
  log->files_ = std::move(*files);
  if (Status s = log->recover(); !s) return s.error();
  log->committer_ = std::make_unique<Committer>(
      std::min(static_cast<std::uint64_t>(config.group_bytes_max), log->journal_options_.group_bytes_max()),
      [own = log.get()](std::span<OwnedTopic* const> written) { own->committed(written); });
  log->maintenance_ = std::jthread([own = log.get()](const std::stop_token& stop) { own->maintain(stop); });
  auto server = SocketServer::start(*log, config.dir);
  if (!server) return server.error();
  log->server_ = std::move(*server);
  return std::unique_ptr<Log>(std::move(log));
}

OwnerLog::~OwnerLog() {
  server_.reset();  // its producers drain first
  maintenance_ = {};
  committer_.reset();
}

Status OwnerLog::recover() {
  if (Status s = files_->make_folder("topics"); !s) return s;
  if (Status s = files_->make_folder("groups"); !s) return s;
  auto names = files_->list("topics");
  if (!names) return names.error();
  for (const std::string& name : *names) {
    auto journal = Journal::recover(*files_, name, journal_options_);
    if (!journal && journal.error().code == "not_found") continue;  // a crash while it was made
    if (!journal) return journal.error();
    if ((*journal)->cut_bytes() > 0) {
      telemetry::warn("log_tail_cut", {{"topic", std::string_view(name)},
                                       {"bytes", static_cast<std::int64_t>((*journal)->cut_bytes())}});
    }
    const TopicSpec spec = (*journal)->view()->meta.spec;
    add(spec, std::move(*journal));
  }
  return ok_status();
}

void OwnerLog::add(const TopicSpec& spec, std::unique_ptr<Journal> journal) {
  auto topic = std::make_unique<OwnedTopic>();
  topic->name = spec.name;
  topic->partitions = spec.partitions;
  topic->record_bytes_max = spec.record_bytes_max;
  topic->journal = std::move(journal);
  views_->add(topic->journal->view());
  const std::lock_guard lock(mutex_);
  topics_[spec.name] = std::move(topic);
}

Status check_spec(const TopicSpec& spec, std::int64_t segment_bytes) {
  const auto word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  if (spec.name.empty() || spec.name.size() > 200 || spec.name.front() == '.' ||
      !std::all_of(spec.name.begin(), spec.name.end(), word)) {
    return fatal("bad_topic",
                 "a topic's name is 1 to 200 of A-Z a-z 0-9 . _ - and does not begin with a dot");
  }
  if (spec.partitions < 1 || spec.partitions > kPartitionsMax) {
    return fatal("bad_topic", spec.name + ": partitions must be 1 to " + std::to_string(kPartitionsMax));
  }
  if (spec.record_bytes_max + static_cast<std::int64_t>(kSegmentHeaderBytes + kGroupHeaderBytes) >
      segment_bytes) {
    return fatal("bad_topic", spec.name + ": a record of " + std::to_string(spec.record_bytes_max) +
                                  " bytes does not fit a segment: raise embedded.segment_bytes");
  }
  return ok_status();
}

Status OwnerLog::check(OwnedTopic& topic, const TopicSpec& spec) {
  const TopicSpec is = topic.journal->spec();
  if (is.partitions < spec.partitions) {
    return fatal("topic_differs", spec.name + " has " + std::to_string(is.partitions) + " partitions, " +
                                      std::to_string(spec.partitions) +
                                      " are asked for: set topics.partitions to " +
                                      std::to_string(is.partitions) + " or copy the log into a new folder");
  }
  if (is.compacted != spec.compacted) {
    return fatal(
        "topic_differs",
        spec.name + " was made with another kind of retention (compacted or not): move its folder away");
  }
  // Roles that are configured differently would each set what the other did not ask for: somebody must see
  // it.
  const auto less = [](std::int64_t asked, std::int64_t kept, std::int64_t unbounded) {
    return asked != unbounded && (kept == unbounded || asked < kept);
  };
  if (spec.retention != is.retention || spec.retention_bytes != is.retention_bytes) {
    const bool shorter = less(spec.retention.count(), is.retention.count(), 0) ||
                         less(spec.retention_bytes, is.retention_bytes, -1);
    telemetry::warn(shorter ? "log_retention_shorter" : "log_retention_longer",
                    {{"topic", std::string_view(spec.name)},
                     {"retention_ms", static_cast<std::int64_t>(spec.retention.count())},
                     {"retention_ms_before", static_cast<std::int64_t>(is.retention.count())},
                     {"retention_bytes", spec.retention_bytes},
                     {"retention_bytes_before", is.retention_bytes}});
  }
  // The record limit only rises: a client may have been told the larger one.
  TopicSpec merged = spec;
  merged.record_bytes_max = std::max(spec.record_bytes_max, topic.record_bytes_max.load());
  topic.record_bytes_max = merged.record_bytes_max;
  return topic.journal->set_spec(merged);
}

Status OwnerLog::ensure_topic(const TopicSpec& spec) {
  if (Status s = check_spec(spec, config_.segment_bytes); !s) return s;
  static std::mutex one_at_a_time;
  const std::lock_guard making(one_at_a_time);
  if (OwnedTopic* found = find_topic(spec.name)) return check(*found, spec);
  auto journal = Journal::create(*files_, TopicMeta{spec, Uuid::random()}, journal_options_);
  if (!journal) return journal.error();
  add(spec, std::move(*journal));
  return ok_status();
}

OwnedTopic* OwnerLog::find_topic(std::string_view name) {
  const std::lock_guard lock(mutex_);
  const auto found = topics_.find(name);
  return found == topics_.end() ? nullptr : found->second.get();
}

Result<TopicInfo> OwnerLog::topic(std::string_view name) {
  auto view = views_->find(name);
  if (!view) return view.error();
  return TopicInfo{(*view)->meta.spec.partitions, (*view)->meta.incarnation.to_string()};
}

Result<std::vector<std::string>> OwnerLog::topics() {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, topic] : topics_) names.push_back(name);
  return names;
}

Result<Watermarks> OwnerLog::watermarks(const TopicPartition& at) {
  auto view = views_->find(at.topic);
  if (!view) return view.error();
  if (at.partition < 0 || at.partition >= (*view)->meta.spec.partitions) {
    return fatal("unknown_partition", at.topic + " has no partition " + std::to_string(at.partition));
  }
  return (*view)->watermarks(at.partition);
}

Result<std::unique_ptr<Producer>> OwnerLog::producer(AckListener& listener) {
  return std::unique_ptr<Producer>(std::make_unique<OwnerProducer>(*this, listener));
}

Result<std::unique_ptr<Reader>> OwnerLog::join_group(std::string_view group,
                                                     std::span<const std::string> topics,
                                                     AssignmentListener& listener) {
  return GroupReader::join(views_, config_.dir + "/groups/" + std::string(group), topics, listener);
}

Result<std::unique_ptr<Reader>> OwnerLog::reader(std::span<const StartPosition> from) {
  auto reader = std::make_unique<JournalReader>(views_);
  for (const StartPosition& start : from) {
    if (Status s = reader->add(start); !s) return s.error();
  }
  return std::unique_ptr<Reader>(std::move(reader));
}

void OwnerLog::upkeep(OwnedTopic& topic, bool due) {
  if (topic.failure_told) return;
  // Every commit asks for room ahead. Where the disk had none, that is looked for as often as retention is.
  Status done = ok_status();
  if (due || !topic.no_room) {
    done = topic.journal->prepare_ahead();
    topic.no_room = !done && done.error().code == "no_space";
  }
  // On a full disk retention is what frees space.
  if (Status kept = due ? topic.journal->keep(clock_.now().value / 1000) : ok_status(); done && !kept)
    done = kept;
  if (done) return;
  telemetry::warn("log_upkeep_failed", {{"topic", std::string_view(topic.name)},
                                        {"detail", std::string_view(done.error().message)}});
  if (!topic.journal->failed()) return;
  topic.failure_told = true;
  committer_->note(fatal("log_failed", done.error().message));
}

// Whoever asks healthy() may stop appending, so the next append can't be what finds out that there is space
// again.
void OwnerLog::look_for_space() {
  const Status now = committer_->healthy();
  if (now || now.error().code != "no_space") return;
  static const std::string some(std::size_t{1} << 20, '\0');
  const bool fits = write_whole(*files_, ".", "space", some).ok();
  for (const char* left : {"space.tmp", "space"}) {
    if (!files_->remove(left)) return;
  }
  if (fits) committer_->heal();
}

void OwnerLog::committed(std::span<OwnedTopic* const> written) {
  views_->changed(written);
  const bool wanted = std::any_of(written.begin(), written.end(),
                                  [](const OwnedTopic* topic) { return topic->journal->wants_ahead(); });
  if (!wanted) return;
  zeros_wanted_ = true;
  wake_.notify_one();  // when it is lost, the next group brings it
}

void OwnerLog::maintain(const std::stop_token& stop) {
  auto next_keep = std::chrono::steady_clock::now();
  while (!stop.stop_requested()) {
    std::vector<OwnedTopic*> all;
    {
      const std::lock_guard lock(mutex_);
      for (const auto& [name, topic] : topics_) all.push_back(topic.get());
    }
    const bool due = std::chrono::steady_clock::now() >= next_keep;
    for (OwnedTopic* topic : all) upkeep(*topic, due);
    if (due) look_for_space();
    if (due) next_keep = std::chrono::steady_clock::now() + options_.keep_interval;
    std::unique_lock lock(wake_mutex_);
    wake_.wait_for(lock, stop, options_.keep_interval, [this] { return zeros_wanted_.exchange(false); });
  }
}

}  // namespace plumbline::log::embedded
