// The way of one signed request, in the order that docs/adr/0004-edge-shape.md gives reasons for.
#include <utility>

#include "core/limits.h"
#include "producers/edge/doors.h"
#include "producers/edge/handler.h"

namespace plumbline::edge {
namespace {

using namespace std::chrono_literals;
constexpr auto kRetryWait = 1s;  // of a 503: the log's own pauses are seconds

Rates rates_of(const codec::TenantRecord& tenant) {
  const codec::TenantLimits& limits = tenant.limits;
  return {{static_cast<double>(limits.traces_per_s), static_cast<double>(limits.burst)},
          {static_cast<double>(limits.agent_traces_per_s), static_cast<double>(limits.agent_burst)}};
}

std::string_view refused_detail(Refused why, bool log_full = false) {
  if (log_full && (why == Refused::kLogSlow || why == Refused::kLogDown))
    return "the disk below the log is full, its operator must free space; send the same traces again after "
           "Retry-After";
  switch (why) {
    case Refused::kRateLimited:
      return "send again after Retry-After, or ask for higher limits";
    case Refused::kLogSlow:
      return "the log did not confirm in time; send the same traces again after Retry-After";
    case Refused::kLogDown:
      return "the log can't be written now; send the same traces again after Retry-After";
    case Refused::kOverloaded:
    case Refused::kCount_:
      break;
  }
  return "the edge holds as much as it may; send again after Retry-After";
}

}  // namespace

void EdgeHandler::take_in(http::Request& request, codec::Endpoint endpoint, http::Responder& responder) {
  const TimeUs now = shared_.clock.now();
  const auto headers = signed_headers(request.head);
  if (!headers)
    return problem(responder,
                   {401, "signature_headers", "The request is not signed as it must be", "sign it"});
  if (not_now(nullptr, {}, responder)) return;
  const auto verified =
      VerifiedBody::verify(UnverifiedBody(request.body), *headers, keys_.find(headers->key_id), now);
  if (!verified) {
    return problem(responder, {401, verified.error().code, "The request is not signed as it must be",
                               verified.error().message});
  }
  if (not_now(&verified->signer(), {}, responder)) return;
  const std::uint32_t slot = open_pending(responder);
  read_and_append(*verified, request.head, endpoint, now, slot);
  if (pending_.at(slot).frames_left == 0) close(slot);
}

bool EdgeHandler::not_now(const keys::KeyEntry* signer, const std::optional<OtlpForm>& form,
                          http::Responder& responder) {
  // After a start no key is known yet: a 401 would tell a client for good what is only so for a moment.
  if (!shared_.keyring.ready()) {
    problem(responder, form,
            {503, "keys_unread", "The edge is starting",
             "it has not read its keys yet; send the same traces again after Retry-After"},
            {}, "Retry-After: 1\r\n");
    return true;
  }
  if (signer == nullptr || signer->tenant->status != codec::TenantStatus::kSuspended) return false;
  problem(responder, form,
          {403, "tenant_suspended", "The tenant is suspended", "ask the operator to resume it"});
  return true;
}

std::uint32_t EdgeHandler::open_pending(http::Responder& responder) {
  const std::uint32_t slot = pending_.open();
  Pending& pending = pending_.at(slot);
  pending.responder = responder;
  pending.since = worker_.now();
  return slot;
}

PaddedBuffer* EdgeHandler::unpack(PaddedBuffer& body, const http::RequestHead& head, Pending& pending) {
  const std::string_view name = head.field("content-encoding");
  if (name.empty() || http::equals_ignoring_case(name, "identity")) return &body;
  const auto encoding =
      http::equals_ignoring_case(name, "gzip") ? compress::Encoding::kGzip : compress::Encoding::kZstd;
  if (Status done = decompressor_.run(encoding, body.view(), pending.unpacked, limits::kBodyBytesMax);
      !done) {
    problem(pending.responder, pending.otlp, body_problem(done.error()));
    return nullptr;
  }
  return hold(pending, pending.unpacked.size()) ? &pending.unpacked : nullptr;
}

bool EdgeHandler::hold(Pending& pending, std::size_t bytes) {
  shared_.budget.give_back(std::exchange(pending.body_bytes, 0));
  if (shared_.budget.try_take(bytes)) {
    pending.body_bytes = bytes;
    return true;
  }
  problem(pending.responder, pending.otlp,
          {503, "overloaded", "The edge is overloaded", refused_detail(Refused::kOverloaded)}, {},
          "Retry-After: 1\r\n");
  return false;
}

void EdgeHandler::read_and_append(const VerifiedBody& body, const http::RequestHead& head,
                                  codec::Endpoint endpoint, TimeUs now, std::uint32_t slot) {
  Pending& pending = pending_.at(slot);
  PaddedBuffer* const text = unpack(body.bytes(), head, pending);
  if (text == nullptr) return;
  const auto type = codec::parse_media_type(head.field("content-type"));
  const codec::TenantRecord& tenant = *body.signer().tenant;
  const auto intaken = intake_.read(*text, *type, endpoint, now, tenant.retention_days, arena_);
  if (!intaken) return problem(pending.responder, body_problem(intaken.error()));
  settle(*intaken, {tenant, body.key_id(), now}, endpoint, slot);
}

void EdgeHandler::settle(const Intaken& intaken, const Sender& sender, codec::Endpoint endpoint,
                         std::uint32_t slot) {
  Pending& pending = pending_.at(slot);
  if (!traces_) connect();  // /readyz may have been asked of another worker, which has its producer already
  if (run_spent_) renew_run();
  pending.outcome = outcome_key(run_, sender.tenant.tenant, sender.now);
  pending.received = static_cast<std::uint32_t>(intaken.received);
  pending.accepted = static_cast<std::uint32_t>(intaken.accepted.size());
  pending.rejected = intaken.rejected;
  if (!shared_.log_state.up() || !traces_) return refuse(pending, Refused::kLogDown, kRetryWait);
  if (!admit(intaken, rates_of(sender.tenant), pending)) return;
  if (intaken.accepted.empty()) {
    outcomes_.add(pending.outcome, 0, pending.rejected);
    shared_.meters.count(0, pending.rejected);
    if (pending.otlp) return answer_otlp_rejections(intaken, pending);
    const std::string more = R"(,"accepted":0,"rejected":[)" + std::string(intaken.rejections) + "]";
    return problem(pending.responder,
                   {422, "all_rejected", "No trace of the request was accepted", "see rejected"}, more,
                   pending.fields);
  }
  append(intaken, sender, endpoint, slot);
}

bool EdgeHandler::admit(const Intaken& intaken, const Rates& rates, Pending& pending) {
  const Admission admission =
      shared_.admitter.admit(pending.outcome.tenant, rates, intaken.shares, shared_.clock.monotonic());
  append_rate_limit(pending.fields, admission, rates);
  if (admission.admitted) return true;
  refuse(pending, Refused::kRateLimited, admission.wait);
  return false;
}

void EdgeHandler::append(const Intaken& intaken, const Sender& sender, codec::Endpoint endpoint,
                         std::uint32_t slot) {
  Pending& pending = pending_.at(slot);
  std::size_t bytes = 0;
  for (const AcceptedLine& line : intaken.accepted) bytes += line.text.size() + 1;
  if (!shared_.log_budget.try_take(bytes)) return refuse(pending, Refused::kLogSlow, kRetryWait);
  pending.log_bytes = bytes;
  FrameBuilder& frames = endpoint == codec::Endpoint::kTraces ? *traces_ : *reports_;
  records_.clear();
  frames.build(intaken.accepted, {pending.outcome.tenant, sender.key_id, sender.now}, arena_, records_);
  pending.frames_left = static_cast<std::uint32_t>(records_.size());
  for (const log::Record& record : records_) appender_.append(record, slot);
  if (pending.otlp) {
    pending.body = otlp_success(*pending.otlp, intaken.rejected);
  } else {
    append_accepted(pending.body, intaken.accepted.size(), intaken.rejections);
  }
}

// The whole request is answered 429 or 503: all of its traces count as refused, for the client sends all of
// them again.
void EdgeHandler::refuse(Pending& pending, Refused why, std::chrono::milliseconds wait) {
  outcomes_.add_refused(pending.outcome, why, pending.received);
  shared_.meters.refused[static_cast<std::size_t>(why)]->add(pending.received);
  append_retry_after(pending.fields, wait);
  const bool limited = why == Refused::kRateLimited;
  problem(pending.responder, pending.otlp,
          {limited ? 429 : 503, to_word(why),
           limited ? "Too many traces" : "The traces can't be made durable now",
           refused_detail(why, pending.log_full || shared_.log_state.full())},
          {}, pending.fields);
}

}  // namespace plumbline::edge
