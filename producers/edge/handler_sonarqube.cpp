// SonarQube's webhook (its documentation, "Webhooks"): POST /api/v1/webhooks/sonarqube/{key_id}, the raw body
// signed with HMAC-SHA256 in X-Sonar-Webhook-HMAC-SHA256. The signature has no time in it, so whoever once
// read a request can send it again: the report's id comes from its content and its time from the analysis,
// which makes a replay a duplicate, and one that is older than the tenant's retention is rejected.
#include "core/codec/json_writer.h"
#include "core/crypto/hmac.h"
#include "core/crypto/random.h"
#include "core/crypto/uuid5.h"
#include "core/formats/formats.h"
#include "core/limits.h"
#include "producers/edge/doors.h"
#include "producers/edge/handler.h"

namespace plumbline::edge {
namespace {

constexpr std::string_view kSignatureField = "x-sonar-webhook-hmac-sha256";
constexpr Problem kUnsigned{401, "signature", "The request is not signed as it must be",
                            "check the key id in the address and the secret of the webhook in SonarQube; "
                            "`plumbline key create TENANT --sonarqube` makes both"};

// Of 64 hexadecimal digits.
std::optional<crypto::Digest256> digest_of(std::string_view hex) {
  crypto::Digest256 digest{};
  if (hex.size() != 2 * digest.size()) return std::nullopt;
  for (std::size_t i = 0; i < hex.size(); ++i) {
    const char c = hex[i];
    int value = -1;
    if (c >= '0' && c <= '9') value = c - '0';
    if (c >= 'a' && c <= 'f') value = c - 'a' + 10;
    if (c >= 'A' && c <= 'F') value = c - 'A' + 10;
    if (value < 0) return std::nullopt;
    digest[i / 2] = static_cast<std::uint8_t>(digest[i / 2] << 4 | value);
  }
  return digest;
}

bool signed_by(const keys::KeyEntry* key, TimeUs now, std::string_view body, const crypto::Digest256& given) {
  static const crypto::HmacKey nobodys{crypto::random_bytes(32)};
  const bool may = key != nullptr && key->body_hmac && key->usable(now);
  return crypto::constant_time_equal((may ? *key->body_hmac : nobodys).mac({body}), given) && may;
}

void add_name(codec::JsonWriter& out, std::string_view member, std::string_view value) {
  if (!value.empty()) out.member(member, value.substr(0, limits::kNameBytesMax));
}

std::string event_of(const formats::GateReport& report, TimeUs time, std::string_view body) {
  std::string line;
  codec::JsonWriter out(line);
  out.open_object()
      .member("id", crypto::report_id(report.repo, report.commit, time, body).value.to_string())
      .member("kind", "report")
      .member("time", format_rfc3339(time))
      .member("agent", report.tool);
  add_name(out, "repo", report.repo);
  add_name(out, "branch", report.branch);
  add_name(out, "commit", report.commit);
  add_name(out, "version", report.version);
  out.key("data").raw(formats::report_data(report)).close_object();
  return line;
}

}  // namespace

bool EdgeHandler::sonarqube_head(const http::RequestHead& head, http::Responder& responder) {
  if (head.method != "POST") {
    problem(responder, {405, "method_not_allowed", "The method is not for this path", "use POST"}, {},
            "Allow: POST\r\n");
    return false;
  }
  if (const auto what = objection(head)) {
    problem(responder, *what);
    return false;
  }
  if (head.count(kSignatureField) == 1 && digest_of(head.field(kSignatureField))) return true;
  problem(responder, kUnsigned);
  return false;
}

void EdgeHandler::take_sonarqube(http::Request& request, std::string_view key_id,
                                 http::Responder& responder) {
  const TimeUs now = shared_.clock.now();
  if (not_now(nullptr, {}, responder)) return;
  const auto given = digest_of(request.head.field(kSignatureField));
  const keys::KeyEntry* key = keys_.find(key_id);
  if (!given || !signed_by(key, now, request.body.view(), *given)) return problem(responder, kUnsigned);
  if (not_now(key, {}, responder)) return;
  const std::uint32_t slot = open_pending(responder);
  if (PaddedBuffer* const body = unpack(request.body, request.head, pending_.at(slot)))
    read_and_append_sonarqube(*body, {*key->tenant, key_id, now}, slot);
  if (pending_.at(slot).frames_left == 0) close(slot);
}

void EdgeHandler::read_and_append_sonarqube(PaddedBuffer& body, const Sender& sender, std::uint32_t slot) {
  Pending& pending = pending_.at(slot);
  const auto report = formats::parse(formats::Format::kSonarQube, body.view());
  if (!report) return problem(pending.responder, body_problem(report.error()));
  if (!report->time) {
    return problem(
        pending.responder,
        {422, "undated", "The report has no time",
         "an analysis that failed has no analysedAt and says nothing of the code: it is not kept"});
  }
  static const redact::Policy metadata_only;
  const std::string line =
      redact::Redactor(metadata_only).apply(event_of(*report, *report->time, body.view()));
  pending.unpacked.clear();
  pending.unpacked.append(line);
  if (!hold(pending, pending.unpacked.size())) return;
  const auto intaken = intake_.read(pending.unpacked, codec::MediaType::kNdjson, codec::Endpoint::kReports,
                                    sender.now, sender.tenant.retention_days, arena_);
  if (!intaken) return problem(pending.responder, body_problem(intaken.error()));
  settle(*intaken, sender, codec::Endpoint::kReports, slot);
}

}  // namespace plumbline::edge
