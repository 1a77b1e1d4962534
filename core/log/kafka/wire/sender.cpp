#include "core/log/kafka/wire/sender.h"

#include <algorithm>
#include <charconv>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>

namespace plumbline::log::kafka::wire {
namespace {

using namespace std::chrono_literals;

constexpr auto kTickEvery = 100ms;
constexpr auto kAskAgain = 100ms;   // who leads, a producer's id
constexpr auto kAskAtLeast = 1min;  // also when nothing is wrong
constexpr auto kAnswerMax = 5s;

// "host:port", "[::1]:9092", "PLAINTEXT://host"; librdkafka takes the same.
Result<NodeAddress> parse_broker(std::string_view text) {
  const auto refuse = [&] {
    return fatal("config", "kafka.brokers: \"" + std::string(text) + "\" is no host:port");
  };
  std::string_view rest = text;
  if (const auto at = rest.find("://"); at != std::string_view::npos) {
    if (rest.substr(0, at) != "PLAINTEXT" && rest.substr(0, at) != "plaintext") return refuse();
    rest.remove_prefix(at + 3);
  }
  NodeAddress address{-1, "", 9092};
  std::string_view port;
  if (rest.starts_with('[')) {
    const auto end = rest.find(']');
    if (end == std::string_view::npos) return refuse();
    address.host = rest.substr(1, end - 1);
    rest.remove_prefix(end + 1);
    if (!rest.empty() && !rest.starts_with(':')) return refuse();
    port = rest.empty() ? rest : rest.substr(1);
  } else {
    const auto colon = rest.find(':');
    address.host = rest.substr(0, colon);
    if (colon != std::string_view::npos) port = rest.substr(colon + 1);
  }
  if (!port.empty()) {
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
    if (error != std::errc() || end != port.data() + port.size() || address.port < 1 || address.port > 65535)
      return refuse();
  }
  if (address.host.empty()) return refuse();
  return address;
}

Result<std::vector<NodeAddress>> parse_brokers(std::string_view text) {
  std::vector<NodeAddress> found;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    std::string_view one = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    while (one.starts_with(' ')) one.remove_prefix(1);
    while (one.ends_with(' ')) one.remove_suffix(1);
    if (one.empty()) continue;
    auto address = parse_broker(one);
    if (!address) return address.error();
    found.push_back(std::move(*address));
  }
  if (found.empty()) return fatal("config", "kafka.brokers is empty: name at least one host:port");
  return found;
}

// A coroutine that ends is a process that no longer produces: then it shall end too.
void must_not_end(const std::exception_ptr& failure) {
  if (failure) std::rethrow_exception(failure);
}

}  // namespace

Result<std::shared_ptr<Sender>> Sender::open(const config::Kafka& config) {
  auto bootstrap = parse_brokers(config.brokers);
  if (!bootstrap) return bootstrap.error();
  return std::make_shared<Sender>(config, std::move(*bootstrap));
}

Sender::Sender(config::Kafka config, std::vector<NodeAddress> bootstrap)
    : Carrier(config.delivery_timeout), config_(std::move(config)), bootstrap_(std::move(bootstrap)) {
  asio::co_spawn(context_, control(), must_not_end);
  asio::co_spawn(context_, tick(), must_not_end);
  thread_ = std::thread([this] { context_.run(); });
}

Sender::~Sender() {
  close();
}

Sender::Partition& Sender::partition(std::string_view topic, std::int32_t index) {
  auto found = std::find_if(topics_.begin(), topics_.end(), [&](const auto& t) { return t->name == topic; });
  if (found == topics_.end()) {
    found = topics_.insert(topics_.end(), std::make_unique<Topic>());
    (*found)->name = topic;
  }
  auto& partitions = (*found)->partitions;
  const auto at = static_cast<std::size_t>(index);
  while (partitions.size() <= at) {
    auto made = std::make_unique<Partition>();
    made->topic = (*found)->name;
    made->index = static_cast<std::int32_t>(partitions.size());
    partitions.push_back(std::move(made));
  }
  return *partitions[at];
}

void Sender::hand_over(Outbox& outbox, const std::vector<Staged>& records) {
  bool ended = false;
  {
    const std::lock_guard hold(mutex_);
    bool wake = false;
    for (const Staged& staged : records) {
      Slot* slot = outbox.take(staged.token);
      const auto bytes = static_cast<std::int64_t>(Batch::bytes_of(staged.record));
      std::string_view reason = staged.refusal;
      if (reason.empty() && closed_) reason = "closed";
      if (reason.empty() && queued_bytes_ + bytes > config_.queue_bytes_max) reason = "queue_full";
      if (!reason.empty()) {
        refused_.emplace_back(slot, Ack{slot->token, Ack::Status::kRefused, -1, reason});
        wake = true;
        continue;
      }
      Partition& at = partition(staged.record.topic, staged.record.partition);
      enqueue(at, staged.record, slot, static_cast<std::size_t>(bytes));
      wake = wake || idle_ > 0 || at.leader < 0;
    }
    ended = ended_;
    if (!ended) post_wake(wake);
  }
  if (ended) {  // refused, all of them: nobody else collects any more
    const std::lock_guard alone(outboxes_mutex_);
    woken();
  }
}

// The caller holds mutex_.
void Sender::post_wake(bool wanted) {
  if (!wanted || posted_) return;
  posted_ = true;
  asio::post(context_, [this] { woken(); });
}

void Sender::woken() {
  std::vector<std::pair<Slot*, Ack>> refused;
  bool leaderless = false;
  {
    const std::lock_guard hold(mutex_);
    posted_ = false;
    refused.swap(refused_);
    if (queued_bytes_ == 0) emptied_.notify_all();
    wake_idle();
    leaderless = std::any_of(waiting_.begin(), waiting_.end(), [](const auto* p) { return p->leader < 0; });
  }
  for (const auto& [slot, ack] : refused) collect(slot, ack);
  deliver();
  if (leaderless) ask_for_leaders();
}

// The caller holds mutex_.
void Sender::wake_idle() {
  if (idle_ == 0) return;
  for (auto& [id, node] : nodes_) {
    if (!std::exchange(node->idle, false)) continue;
    node->wake.cancel();
  }
  idle_ = 0;
}

void Sender::ask_for_leaders() {
  refresh_ = true;
  control_wake_.cancel();
}

Awaitable<void> Sender::pause(Timer& timer, Time until) {
  ErrorCode woken;
  timer.expires_at(until);
  co_await timer.async_wait(asio::redirect_error(kUse, woken));
}

Awaitable<void> Sender::tick() {
  for (;;) {
    co_await pause(tick_timer_, Clock::now() + kTickEvery);
    const Time now = Clock::now();
    expire(now);
    for (auto& [id, node] : nodes_) node->link.sweep(now);
    control_link_.sweep(now);
    deliver();
  }
}

bool Sender::wants_control() {
  return refresh_ || !identity_.known();
}

void Sender::other_address() {
  control_link_.close();
  ++next_address_;
  other_at_ = Clock::now();
  ask_for_leaders();
}

Awaitable<void> Sender::control() {
  std::chrono::milliseconds backoff = kBackoffMin;
  for (;;) {
    if (!wants_control()) {
      const Time next = Clock::now() + kAskAtLeast;
      co_await pause(control_wake_, next);
      refresh_ = refresh_ || Clock::now() >= next;
      continue;
    }
    const Status done = co_await refresh();
    if (done) {
      backoff = kBackoffMin;
      const std::lock_guard hold(mutex_);
      if (waiting_.empty() && troubled_ == 0) trouble_.over();  // nobody else would say so
    } else {
      trouble_.met(done.error());
      other_address();
    }
    // Not at once again, also when all went well: an election takes a moment.
    Timer rest(context_);
    co_await pause(rest, Clock::now() + (done ? kAskAgain : backoff));
    if (!done) backoff = std::min<std::chrono::milliseconds>(2 * backoff, kBackoffMax);
  }
}

Awaitable<Status> Sender::refresh() {
  if (control_link_.left()) control_link_.close();
  if (!control_link_.is_open()) {
    std::vector<NodeAddress> known = bootstrap_;
    for (const auto& [id, node] : nodes_) known.push_back(node->address);
    const NodeAddress& at = known[next_address_ % known.size()];
    if (Status open = co_await control_link_.open(at.host, at.port); !open) co_return open;
  }
  if (refresh_) {
    if (Status led = co_await learn_leaders(); !led) co_return led;
  }
  if (identity_.known()) co_return ok_status();
  std::string question;
  ask_identity(question, control_link_.correlation());
  const asio::const_buffer frame = asio::buffer(question);
  const auto answer = co_await control_link_.exchange({&frame, 1}, kAnswerMax);
  if (!answer) co_return answer.error();
  const auto identity = read_identity(*answer);
  if (!identity) co_return identity.error();
  identity_ = *identity;
  const std::lock_guard hold(mutex_);
  wake_idle();
  co_return ok_status();
}

Awaitable<Status> Sender::learn_leaders() {
  refresh_ = false;
  std::vector<std::string> names;
  {
    const std::lock_guard hold(mutex_);
    for (const auto& topic : topics_) names.push_back(topic->name);
  }
  if (names.empty()) co_return ok_status();
  std::string question;
  ask_metadata(question, control_link_.correlation(), names);
  const asio::const_buffer frame = asio::buffer(question);
  const auto answer = co_await control_link_.exchange({&frame, 1}, kAnswerMax);
  auto cluster = answer ? read_metadata(*answer) : Result<Cluster>(answer.error());
  if (!cluster) {
    refresh_ = true;
    co_return cluster.error();
  }
  apply(*cluster, names);
  co_return ok_status();
}

void Sender::apply(const Cluster& cluster, const std::vector<std::string>& asked) {
  for (const NodeAddress& address : cluster.nodes) {
    auto& node = nodes_[address.id];
    if (!node) {
      node = std::make_unique<Node>(context_, address);
      asio::co_spawn(context_, serve(*node), must_not_end);
    } else if (node->address.host != address.host || node->address.port != address.port) {
      node->address = address;
      node->link.close();
    }
  }
  const std::lock_guard hold(mutex_);
  for (const LeaderOf& leader : cluster.leaders) {
    for (const auto& topic : topics_) {
      if (topic->name != leader.topic || leader.partition < 0) continue;
      const auto at = static_cast<std::size_t>(leader.partition);
      if (at < topic->partitions.size())
        topic->partitions[at]->leader = nodes_.contains(leader.node) ? leader.node : -1;
    }
  }
  // Those without a leader are asked for until they have one. One whose topic came after the question is
  // without an answer, and so far without trouble.
  std::string first;
  std::size_t more = 0;
  for (Partition* p : waiting_) {
    if (p->leader >= 0) continue;
    refresh_ = true;
    if (std::find(asked.begin(), asked.end(), p->topic) == asked.end()) continue;
    note_trouble(*p, true);
    if (first.empty()) {
      first = std::string(p->topic) + "/" + std::to_string(p->index);
    } else {
      ++more;
    }
  }
  if (!first.empty()) {
    trouble_.met(retryable("no_leader", "kafka: " + first +
                                            (more > 0 ? " and " + std::to_string(more) + " more" : "") +
                                            " without a leader now" +
                                            (cluster.trouble.empty() ? "" : " (" + cluster.trouble + ")")));
  }
  wake_idle();
}

void Sender::collect(Slot* slot, const Ack& ack) {
  if (slot->owner->collect(slot, ack)) touched_.push_back(slot->owner);
}

void Sender::deliver() {
  for (Outbox* outbox : touched_) outbox->deliver();
  touched_.clear();
}

void Sender::fail() {
  asio::post(context_, [this] {
    {
      const std::lock_guard hold(mutex_);
      for (Partition* p : std::vector<Partition*>(waiting_)) {
        if (!p->queue.front()->sealed()) continue;
        if (p->flying != nullptr) p->flying->link.close();
        next_epoch(*p);
        finish(*p, Ack::Status::kUnconfirmed, -1, "producer_rebuilt");
      }
      ++rebuilds_;
    }
    deliver();
  });
}

void Sender::close() {
  {
    std::unique_lock hold(mutex_);
    if (closed_) return;
    closed_ = true;
    emptied_.wait_for(hold, patience(), [this] { return queued_bytes_ == 0 && refused_.empty(); });
  }
  context_.stop();
  thread_.join();
  {
    const std::lock_guard hold(mutex_);
    ended_ = true;
  }
  const std::lock_guard hold(outboxes_mutex_);
  {
    const std::lock_guard alone(mutex_);
    for (Partition* p : std::vector<Partition*>(waiting_)) {
      while (!p->queue.empty()) finish(*p, Ack::Status::kUnconfirmed, -1, "closed");
    }
  }
  woken();
}

}  // namespace plumbline::log::kafka::wire
