#include "producers/agent/agent.h"

#include <array>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

#include "core/codec/json_writer.h"
#include "core/crypto/random.h"
#include "core/crypto/sha256.h"
#include "producers/agent/files.h"
#include "producers/agent/listener.h"
#include "producers/agent/sessions.h"
#include "producers/agent/unix_input.h"

namespace plumbline::agent {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr std::int64_t kDeferredShare = 8;  // of spool.bytes_max: events of clocks that run ahead are few
constexpr std::size_t kHashKeyBytes = 32;

}  // namespace

fs::path status_file(const fs::path& state_folder) {
  return state_folder / "status.json";
}

bool is_running(const fs::path& state_folder) {
  const Fd fd(::open((state_folder / "spool" / "lock").c_str(), O_RDONLY | O_CLOEXEC));
  return fd.open() && is_locked(fd.get());
}

Result<std::string> hash_key(const fs::path& state_folder) {
  const fs::path path = state_folder / "hash.key";
  auto text = read_small(path, 1024);
  if (!text) return text.error();
  if (!text->empty()) return text;
  if (Status made = make_folder(state_folder); !made) return made.error();
  const std::string key = crypto::to_hex(crypto::as_bytes(crypto::random_bytes(kHashKeyBytes)));
  if (Status kept = replace_file(path, key, true); !kept) return kept.error();
  return key;
}

struct Agent::Impl {
  Impl(Config given, push::Credentials signer, KeySource from, push::Transport& to, const Clock& with)
      : config(std::move(given)),
        credentials(std::move(signer)),
        source(std::move(from)),
        transport(to),
        clock(with) {}

  Status start();
  Status open_inputs();
  void stop();
  void follow(const std::stop_token& stop);
  void write_status();
  [[nodiscard]] std::string status() const;

  Config config;
  const push::Credentials credentials;  // as they were at the start
  const KeySource source;
  push::Transport& transport;
  const Clock& clock;
  TimeUs started_at;

  // Before the spool, so that it outlives it: what the spool answers last still finds its worker.
  std::unique_ptr<Listener> listener;
  std::unique_ptr<UnixInput> socket;
  std::unique_ptr<RejectedFile> rejected;
  std::unique_ptr<Spool> spool, deferred;
  std::unique_ptr<Sender> sender;

  // The inputs' thread's.
  std::unique_ptr<Cursors> cursors;
  std::unique_ptr<Intake> intake;
  std::vector<std::unique_ptr<Tail>> tails;
  std::vector<std::unique_ptr<Sessions>> stores;

  mutable std::mutex mutex;
  std::vector<TailState> tail_states;
  std::vector<SessionsState> store_states;
  std::string last_status;

  std::jthread follower, sending;
};

Status Agent::Impl::start() {
  started_at = clock.now();
  auto key = push::signing_key(credentials.secret);
  if (!key) return key.error();
  if (Status made = make_folder(config.state_folder); !made) return made;
  auto salt = hash_key(config.state_folder);
  if (!salt) return salt.error();
  config.redaction.hash_key = *salt;
  rejected = std::make_unique<RejectedFile>(config.state_folder, clock);
  auto opened = Spool::open({.folder = config.state_folder / "spool", .bytes_max = config.spool_bytes_max});
  if (!opened) return opened.error();
  spool = std::move(*opened);
  auto aside = Spool::open(
      {.folder = config.state_folder / "deferred", .bytes_max = config.spool_bytes_max / kDeferredShare});
  if (!aside) return aside.error();
  deferred = std::move(*aside);
  sender = std::make_unique<Sender>(config.send, Signer(credentials, std::move(*key), source), *spool,
                                    *deferred, *rejected, transport, clock);
  if (Status inputs = open_inputs(); !inputs) return inputs;
  sending = std::jthread([this](const std::stop_token& stop) { sender->run(stop); });
  follower = std::jthread([this](const std::stop_token& stop) { follow(stop); });
  return ok_status();
}

Status Agent::Impl::open_inputs() {
  auto loaded = Cursors::load(config.state_folder / "cursors.json");
  if (!loaded) return loaded.error();
  cursors = std::make_unique<Cursors>(std::move(*loaded));
  intake = std::make_unique<Intake>(*spool, config.redaction);
  for (const TailOptions& options : config.tails)
    tails.push_back(std::make_unique<Tail>(options, *cursors, *intake, *rejected));
  for (const StoreOptions& options : config.stores)
    stores.push_back(std::make_unique<Sessions>(options, *intake, *rejected));
  if (!config.listen_unix.empty()) {
    socket = std::make_unique<UnixInput>(config.listen_unix, *spool, config.redaction);
    if (Status listening = socket->start(); !listening) return listening;
  }
  if (config.listen_http.empty()) return ok_status();
  // Other forms (OTLP) are endpoints of their own: they make native events and give them to the intake.
  Endpoints endpoints{{"/ingest", ingest_endpoint()}};
  // A rule may keep what is dropped by default: then the redaction alone decides.
  const bool content = config.redaction.include_content || !config.redaction.rules.empty();
  add_otlp_endpoints(endpoints, content, clock);
  listener = std::make_unique<Listener>(config.listen_http, std::move(endpoints), *spool, config.redaction);
  if (Status listening = listener->start(); !listening) {
    listener.reset();
    return retryable("listen", "listen.http " + config.listen_http +
                                   " can't be listened on; choose a free port (" + listening.error().message +
                                   ")");
  }
  return ok_status();
}

void Agent::Impl::follow(const std::stop_token& stop) {
  std::mutex turn;
  std::condition_variable_any never;
  write_status();  // without inputs, as nothing was looked at yet: else the file tells of the process before
  while (!stop.stop_requested()) {
    bool more = false;
    std::vector<TailState> states;
    for (const auto& tail : tails) {
      more = tail->poll() || more;
      states.push_back(tail->state());
    }
    std::vector<SessionsState> read;
    for (const auto& store : stores) {
      store->poll(clock.monotonic());
      read.push_back(store->state());
    }
    {
      const std::lock_guard lock(mutex);
      tail_states = std::move(states);
      store_states = std::move(read);
    }
    write_status();
    if (more) continue;
    std::unique_lock lock(turn);
    never.wait_for(lock, stop, config.tail_interval, [] { return false; });
  }
}

// Inputs first: what they took is in the spool by then, and stays there when it is not sent.
void Agent::Impl::stop() {
  if (listener) listener->stop();
  if (socket) socket->stop();
  for (std::jthread* thread : {&follower, &sending}) {
    if (!thread->joinable()) continue;
    thread->request_stop();
    thread->join();
  }
  if (sender) write_status();
}

void Agent::Impl::write_status() {
  std::string now = status();
  const std::lock_guard lock(mutex);
  if (now == last_status) return;
  const fs::path path = status_file(config.state_folder);
  // A full disk must not end the agent, and it is then that people look here: the file's own blocks are
  // written over, where a kill may leave half of it. The next turn tries again.
  if (replace_file(path, now + "\n", false).ok() || overwrite_file(path, now + "\n").ok())
    last_status = std::move(now);
}

std::string Agent::Impl::status() const {
  const SpoolState held = spool->state();
  const SendState send = sender->state();
  std::string text;
  codec::JsonWriter out(text);
  const auto time = [&](std::string_view name, TimeUs at) {
    out.key(name);
    if (at.value == 0) {
      out.null();
    } else {
      out.text(format_rfc3339(at));
    }
  };
  out.open_object().member("v", 1).member("pid", static_cast<std::int64_t>(::getpid()));
  time("started_at", started_at);
  out.member("endpoint", send.endpoint).member("key_id", send.key_id).member("key_error", send.key_error);
  out.member("http_port", listener ? listener->port() : 0).member("unix", config.listen_unix.string());
  // What was acknowledged is never dropped: the member is there so that a monitor can ask for it.
  out.key("spool").open_object().member("bytes", held.bytes).member("bytes_max", held.bytes_max);
  out.member("waiting", held.waiting).member("refused", held.refused).member("dropped", 0);
  out.member("damaged_bytes", held.damaged_bytes).member("torn_bytes", held.torn_bytes).close_object();
  out.key("send").open_object().member("sent", send.sent).member("deferred", send.deferred);
  time("last_sent_at", send.last_sent_at);
  time("failed_at", send.failed_at);
  out.member("attempts", send.attempts).member("error", send.error);
  out.member("clock_ahead_s", send.clock_ahead_s).close_object();
  out.member("rejected", rejected->count()).key("tails").open_array();
  const std::lock_guard lock(mutex);
  for (const TailState& tail : tail_states) {
    out.open_object().member("path", tail.path).member("behind_bytes", tail.behind_bytes);
    out.member("taken", tail.taken)
        .member("refused", tail.refused)
        .member("error", tail.error)
        .close_object();
  }
  out.close_array().key("stores").open_array();
  for (const SessionsState& store : store_states) {
    out.open_object().member("path", store.path).member("sessions", store.sessions);
    out.member("taken", store.taken).member("error", store.error).close_object();
  }
  out.close_array().close_object();
  return text;
}

Agent::Agent(Config config, push::Credentials credentials, KeySource source, push::Transport& transport,
             const Clock& clock)
    : impl_(std::make_unique<Impl>(std::move(config), std::move(credentials), std::move(source), transport,
                                   clock)) {}
Agent::~Agent() {
  stop();
}
Status Agent::start() {
  return impl_->start();
}
void Agent::stop() {
  impl_->stop();
}
std::string Agent::status() const {
  return impl_->status();
}
int Agent::http_port() const {
  return impl_->listener ? impl_->listener->port() : 0;
}

}  // namespace plumbline::agent
