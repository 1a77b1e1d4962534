// OTLP/HTTP at the edge (specification/protocol/otlp.md): POST /v1/traces and /v1/logs with a bearer key. The
// key says everything that a signature would, so it is looked at before the body is read.
#include "core/crypto/bearer.h"
#include "core/otlp/answer.h"
#include "producers/edge/doors.h"
#include "producers/edge/handler.h"

namespace plumbline::edge {
namespace {

constexpr Problem kNoBearer{
    401, "bearer", "The request has no bearer key that is known here",
    "send Authorization: Bearer with a key of `plumbline key create TENANT --bearer`; a signing key is none"};
constexpr std::string_view kAuthenticate = "WWW-Authenticate: Bearer realm=\"plumbline\"\r\n";
constexpr std::string_view kScheme = "Bearer ";

// What is wrong with a head, before its body is read.
std::optional<Problem> otlp_objection(const http::RequestHead& head) {
  if (head.method != "POST")
    return Problem{405, "method_not_allowed", "The method is not for this path", "use POST"};
  if (!otlp::encoding_of(head.field("content-type")) || head.count("content-type") > 1)
    return Problem{415, "unsupported_media_type", "The media type is not known here",
                   "send one Content-Type: application/x-protobuf or application/json"};
  if (!known_encoding(head.field("content-encoding")) || head.count("content-encoding") > 1)
    return Problem{415, "unsupported_encoding", "The content coding is not known here",
                   "send one Content-Encoding of gzip, zstd or identity, or none"};
  return std::nullopt;
}

std::string_view token_of(const http::RequestHead& head) {
  std::string_view value = head.field("authorization");
  if (head.count("authorization") != 1 ||
      !http::equals_ignoring_case(value.substr(0, kScheme.size()), kScheme))
    return {};
  value.remove_prefix(std::min(value.find_first_not_of(' ', kScheme.size()), value.size()));
  return value;
}

}  // namespace

void EdgeHandler::problem(http::Responder& responder, const std::optional<OtlpForm>& form,
                          const Problem& what, std::string_view more, std::string_view fields) {
  if (!form) return problem(responder, what, more, fields);
  text_ = otlp_failure(*form, what);
  send(responder, {.status = what.status,
                   .content_type = otlp::content_type(form->encoding),
                   .extra_fields = fields,
                   .body = text_,
                   .close = false});
}

// An unknown key, a revoked one, one of another kind and a wrong token cost and say the same. The pointer
// stays valid until the next look-up.
const keys::KeyEntry* EdgeHandler::bearer(const http::RequestHead& head, TimeUs now) {
  const std::string_view token = token_of(head);
  const auto id = crypto::key_id_of_bearer(token);
  if (!id) return nullptr;
  const keys::KeyEntry* key = keys_.find(*id);
  const bool may = key != nullptr && key->token_hash && key->usable(now);
  return crypto::bearer_matches(token, may ? &*key->token_hash : nullptr) ? key : nullptr;
}

bool EdgeHandler::otlp_head(const http::RequestHead& head, const OtlpForm& form, http::Responder& responder) {
  if (const auto what = otlp_objection(head)) {
    problem(responder, form, *what, {}, what->status == 405 ? "Allow: POST\r\n" : "");
    return false;
  }
  if (not_now(nullptr, form, responder)) return false;
  const keys::KeyEntry* key = bearer(head, shared_.clock.now());
  if (key == nullptr) {
    problem(responder, form, kNoBearer, {}, kAuthenticate);
    return false;
  }
  return !not_now(key, form, responder);
}

void EdgeHandler::take_otlp(http::Request& request, const OtlpForm& form, http::Responder& responder) {
  const TimeUs now = shared_.clock.now();
  // Again: a slow body may outlive its key.
  const keys::KeyEntry* key = bearer(request.head, now);
  if (key == nullptr) return problem(responder, form, kNoBearer, {}, kAuthenticate);
  const std::uint32_t slot = open_pending(responder);
  pending_.at(slot).otlp = form;
  read_and_append_otlp(request.body, request.head, *key, now, slot);
  if (pending_.at(slot).frames_left == 0) close(slot);
}

void EdgeHandler::read_and_append_otlp(PaddedBuffer& body, const http::RequestHead& head,
                                       const keys::KeyEntry& key, TimeUs now, std::uint32_t slot) {
  Pending& pending = pending_.at(slot);
  const OtlpForm form = *pending.otlp;
  PaddedBuffer* const text = unpack(body, head, pending);
  if (text == nullptr) return;
  const auto lines =
      otlp_lines_.write(form.signal, form.encoding, text->view(), key.include_content, now, pending.unpacked);
  if (!lines) return problem(pending.responder, pending.otlp, body_problem(lines.error()));
  if (*lines == 0) {
    text_ = otlp_success(form, {});
    return send(pending.responder,
                {.status = 200, .content_type = otlp::content_type(form.encoding), .body = text_});
  }
  if (!hold(pending, pending.unpacked.size())) return;
  const auto intaken = intake_.read(pending.unpacked, codec::MediaType::kNdjson, codec::Endpoint::kTraces,
                                    now, key.tenant->retention_days, arena_);
  if (!intaken) return problem(pending.responder, pending.otlp, body_problem(intaken.error()));
  // The id as it stands in the request, which lives until the answer: the key's entry may go before.
  const std::string_view key_id = token_of(head).substr(0, key.id.value.size());
  settle(*intaken, {*key.tenant, key_id, now}, codec::Endpoint::kTraces, slot);
}

// OTLP asks for 400 when all of a request is invalid for good: exporters log it, where some pass over a
// partial success.
void EdgeHandler::answer_otlp_rejections(const Intaken& intaken, Pending& pending) {
  const std::string detail = rejection_text(intaken.rejected);
  problem(pending.responder, pending.otlp,
          {400, "all_rejected", "No record of the request was accepted", detail}, {}, pending.fields);
}

}  // namespace plumbline::edge
