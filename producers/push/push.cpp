#include "producers/push/push.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <ostream>

#include "core/compress/compress.h"
#include "core/crypto/random.h"
#include "producers/push/batch.h"
#include "producers/push/edge_clock.h"
#include "producers/push/input.h"
#include "producers/push/leaving.h"
#include "producers/push/reply.h"
#include "producers/push/signed_request.h"
#include "producers/push/verify.h"

namespace plumbline::push {
namespace {

struct Totals {
  std::int64_t events = 0, accepted = 0, rejected = 0, skipped = 0, undelivered = 0, broken_files = 0,
               bad_inputs = 0;
};

class Pusher {
 public:
  Pusher(const PushOptions& options, const Credentials& credentials, const ChainState& state, SigningKey key,
         World& world)
      : options_(options),
        credentials_(credentials),
        state_(state),
        key_(std::move(key)),
        world_(world),
        leaving_(options.redaction) {}

  int run() {
    auto inputs = expand(options_.paths);
    if (!inputs) {
      world_.err << "plumb: " << inputs.error().message << "\n";
      return kExitUsage;
    }
    for (std::size_t i = 0; i < inputs->size(); ++i) push_input((*inputs)[i], i + 1, inputs->size());
    if (options_.progress) world_.err << "\r\033[K";
    world_.out << totals_.events << " events: " << totals_.accepted << " accepted, " << totals_.rejected
               << " rejected, " << totals_.undelivered << " not delivered; " << totals_.skipped
               << " lines skipped, " << totals_.broken_files << " files with a broken chain\n";
    return exit_code();
  }

 private:
  [[nodiscard]] int exit_code() const {
    if (totals_.undelivered > 0) return kExitUndelivered;
    if (totals_.broken_files > 0) return kExitChainBroken;
    if (totals_.bad_inputs > 0) return kExitUsage;
    return totals_.rejected + totals_.skipped > 0 ? kExitRejected : kExitOk;
  }

  void complain(const std::string& name, const std::string& what) {
    if (options_.progress) world_.err << "\r\033[K";
    world_.err << name << ": " << what << "\n";
  }

  void push_input(const Input& input, std::size_t number, std::size_t count) {
    auto text = read_text(input);
    if (!text) {
      ++totals_.bad_inputs;
      return complain("plumb", text.error().message);
    }
    Form form = options_.form;
    const auto told = tell_form(*text);
    if (form == Form::kAuto || (form == Form::kRigour && told == Form::kRigourLines))
      form = told.value_or(Form::kAuto);
    if (options_.form == Form::kAuto && gate_format(form)) {
      if (options_.progress) world_.err << "\r\033[K";
      world_.err << input.name << ": taken for " << word(form) << " (--kind says otherwise)\n";
    }
    std::optional<chain::FileReport> report;
    if (form == Form::kAtlasBridge) {
      report = verify_against(state_, input.path, *text);
      if (!report->whole() && !accept_broken(input, *report)) return;
    }
    const std::string agent = input.path.empty() ? "stdin" : input.path.stem().string();
    auto converted = convert(form, *text, options_.labels, written_at(input), agent);
    if (!converted) {
      ++totals_.bad_inputs;
      return complain(input.name, converted.error().message);
    }
    for (const Skipped& line : converted->skipped) {
      ++totals_.skipped;
      complain(input.name, "line " + std::to_string(line.line) + " is not sent: " + line.reason);
    }
    const bool all_may_leave = redact(input, converted->events);
    const bool delivered = send_all(input, *converted, number, count) && all_may_leave;
    if (delivered && report && report->whole()) {
      if (Status kept = state_.remember(input.path, *report); !kept)
        complain(input.name, kept.error().message);
    }
  }

  // Each event becomes what may leave of it. What the edge would refuse is told and not sent: what can't be
  // read can't be redacted either. True when all are left.
  bool redact(const Input& input, std::vector<Event>& events) {
    const std::size_t before = events.size();
    std::erase_if(events, [&](Event& event) {
      const Status may_leave = leaving_.apply(event.line, event.report);
      if (may_leave) return false;
      ++totals_.events;
      ++totals_.rejected;
      complain(input.name, "line " + std::to_string(event.source_line) + ", id " + event.id +
                               " is rejected: " + may_leave.error().code + ", " + may_leave.error().message);
      return true;
    });
    return events.size() == before;
  }

  // Says what is wrong; true when it is to be sent all the same.
  bool accept_broken(const Input& input, const chain::FileReport& report) {
    ++totals_.broken_files;
    if (options_.progress) world_.err << "\r\033[K";
    print_problems(input.name, report, world_.err);
    if (options_.allow_broken) {
      complain(input.name, "the chain is broken; sent because of --allow-broken");
      return true;
    }
    complain(input.name,
             "the chain is broken, nothing of this file is sent; --allow-broken sends it all the same");
    return false;
  }

  bool send_all(const Input& input, const Converted& converted, std::size_t number, std::size_t count) {
    const auto batches = cut(converted.events);
    bool delivered = true;
    std::size_t done = 0;
    for (const Batch& batch : batches) {
      totals_.events += static_cast<std::int64_t>(batch.events.size());
      if (!send(input, batch)) {
        delivered = false;
        totals_.undelivered += static_cast<std::int64_t>(batch.events.size());
      }
      done += batch.events.size();
      show_progress(number, count, done, converted.events.size());
    }
    return delivered;
  }

  void show_progress(std::size_t file, std::size_t files, std::size_t done, std::size_t all) {
    if (!options_.progress) return;
    constexpr std::size_t kWidth = 30;
    const std::size_t filled = all == 0 ? kWidth : done * kWidth / all;
    world_.err << "\r\033[K[" << std::string(filled, '#') << std::string(kWidth - filled, ' ') << "] file "
               << file << "/" << files << ", " << done << "/" << all << " events" << std::flush;
  }

  // Tries until the edge has said what became of the batch. False: it never did.
  bool send(const Input& input, const Batch& batch) {
    const auto encoding = options_.zstd ? compress::Encoding::kZstd : compress::Encoding::kGzip;
    auto body = compress::compress(encoding, batch.body);
    if (!body) return complain(input.name, body.error().message), false;
    const std::string id = random_message_id();
    for (int attempt = 1;; ++attempt) {
      const Response response = world_.transport.post(signed_request(
          credentials_, key_, batch.report, encoding, id, *body, edge_clock_.at(world_.clock.now())));
      const Reply reply = parse_reply(response.body);
      if (response.status == 202 || (response.status == 422 && reply.counted))
        return take_reply(input, batch, reply), true;
      const std::string said = response.status == 0
                                   ? response.error
                                   : "HTTP " + std::to_string(response.status) + " " + reply.detail;
      if (edge_clock_.learn(response, world_.clock.now())) {
        complain(input.name, clock_words(edge_clock_.local_ahead_s()) + "; signing by the edge's clock");
        continue;
      }
      std::optional<std::chrono::milliseconds> wait;
      if (is_retryable(response.status)) {
        wait = next_wait(world_.retry, attempt, parse_retry_after(response.retry_after), random_bits());
      }
      if (!wait)
        return complain(input.name, "not delivered after " + std::to_string(attempt) + " attempts: " + said),
               false;
      complain(input.name, said + "; trying again in " + std::to_string(wait->count()) + " ms");
      world_.wait(*wait);
    }
  }

  void take_reply(const Input& input, const Batch& batch, const Reply& reply) {
    const auto rejected = static_cast<std::int64_t>(reply.rejected.size());
    totals_.rejected += rejected;
    totals_.accepted += static_cast<std::int64_t>(batch.events.size()) - rejected;
    for (const Rejected& one : reply.rejected) {
      const bool known = one.index >= 0 && one.index < static_cast<std::int64_t>(batch.events.size());
      const Event* event = known ? batch.events[static_cast<std::size_t>(one.index)] : nullptr;
      complain(input.name, (event != nullptr ? "line " + std::to_string(event->source_line) + ", " : "") +
                               "index " + std::to_string(one.index) + ", id " +
                               (one.id.empty() && event != nullptr ? event->id : one.id) +
                               " is rejected: " + one.reason);
    }
  }

  static std::uint64_t random_bits() {
    std::uint64_t bits = 0;
    std::memcpy(&bits, crypto::random_bytes(sizeof bits).data(), sizeof bits);
    return bits;
  }

  const PushOptions& options_;
  const Credentials& credentials_;
  const ChainState& state_;
  SigningKey key_;
  World& world_;
  EdgeClock edge_clock_;
  Leaving leaving_;
  Totals totals_;
};

}  // namespace

int push(const PushOptions& options, const Credentials& credentials, const ChainState& state, World& world) {
  auto key = signing_key(credentials.secret);
  if (!key) {
    world.err << "plumb: " << key.error().message << "\n";
    return kExitUsage;
  }
  return Pusher(options, credentials, state, std::move(*key), world).run();
}

}  // namespace plumbline::push
