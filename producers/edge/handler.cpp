#include "producers/edge/handler.h"

#include "producers/edge/doors.h"

namespace plumbline::edge {
namespace {

using Endpoint = codec::Endpoint;

std::optional<Endpoint> endpoint_of(std::string_view path) {
  if (path == "/api/v1/traces") return Endpoint::kTraces;
  if (path == "/api/v1/reports") return Endpoint::kReports;
  return std::nullopt;
}

bool is_admin(std::string_view path) {
  return path == "/livez" || path == "/readyz" || path == "/metrics";
}

constexpr std::string_view kUnsigned = "The request is not signed as it must be";

}  // namespace

EdgeHandler::EdgeHandler(http::Worker& worker, Shared& shared)
    : worker_(worker),
      shared_(shared),
      keys_(shared.keyring),
      appender_(worker, [this](auto acks) { on_acked(acks); }) {}

EdgeHandler::~EdgeHandler() = default;

void EdgeHandler::send(http::Responder& responder, const http::Response& response) {
  shared_.meters.answered(response.status);
  responder.send(response);
}

void EdgeHandler::problem(http::Responder& responder, const Problem& what, std::string_view more,
                          std::string_view fields) {
  text_.clear();
  append_problem(text_, what, more);
  send(responder, {.status = what.status,
                   .content_type = kProblemJson,
                   .extra_fields = fields,
                   .body = text_,
                   .close = false});
}

// What is wrong with a head, before its body is read. Whether its key is known is not looked at: that would
// answer faster.
std::optional<Problem> EdgeHandler::objection(const http::RequestHead& head) const {
  if (!codec::parse_media_type(head.field("content-type")) || head.count("content-type") > 1) {
    return Problem{415, "unsupported_media_type", "The media type is not known here",
                   "send one Content-Type: application/json or application/x-ndjson, charset utf-8"};
  }
  if (!known_encoding(head.field("content-encoding")) || head.count("content-encoding") > 1) {
    return Problem{415, "unsupported_encoding", "The content coding is not known here",
                   "send one Content-Encoding of gzip, zstd or identity, or none"};
  }
  if (!head.has_body())
    return Problem{400, "empty_body", "The body can't be read", "send a JSON object, an array or NDJSON"};
  return std::nullopt;
}

bool EdgeHandler::on_head(const http::RequestHead& head, http::Responder& responder) {
  const std::string_view path = head.path();
  const bool takes = endpoint_of(path).has_value();
  if (!takes && !is_admin(path)) {
    if (const auto form = otlp_form(head)) return otlp_head(head, *form, responder);
    if (sonarqube_key(path)) return sonarqube_head(head, responder);
    problem(responder, {404, "not_found", "There is nothing here",
                        "post to /api/v1/traces or /api/v1/reports, or OTLP to /v1/traces or /v1/logs"});
    return false;
  }
  if (takes ? head.method != "POST" : head.method != "GET" && head.method != "HEAD") {
    problem(responder,
            {405, "method_not_allowed", "The method is not for this path", takes ? "use POST" : "use GET"},
            {}, takes ? "Allow: POST\r\n" : "Allow: GET, HEAD\r\n");
    return false;
  }
  if (!takes) return true;
  if (const auto what = objection(head)) {
    std::string_view fields = what->code == "unsupported_encoding" ? "Accept-Encoding: gzip, zstd\r\n" : "";
    problem(responder, *what, {}, fields);
    return false;
  }
  const auto headers = signed_headers(head);
  if (headers) return true;
  const bool repeated = headers.error().code == "repeated_header";
  problem(responder, {repeated ? 400 : 401, headers.error().code, kUnsigned, headers.error().message});
  return false;
}

void EdgeHandler::on_request(http::Request& request, http::Responder responder) {
  if (const auto endpoint = endpoint_of(request.head.path())) {
    take_in(request, *endpoint, responder);
  } else if (const auto form = otlp_form(request.head)) {
    take_otlp(request, *form, responder);
  } else if (const auto key_id = sonarqube_key(request.head.path())) {
    take_sonarqube(request, *key_id, responder);
  } else {
    answer_admin(request.head, responder);
  }
}

void EdgeHandler::on_refusal(const http::Refusal& refusal, http::Responder responder) {
  problem(responder, refusal.head != nullptr ? otlp_form(*refusal.head) : std::nullopt, problem_of(refusal),
          {}, refusal.status == 503 ? "Retry-After: 1\r\n" : "");
}

void EdgeHandler::answer_admin(const http::RequestHead& head, http::Responder& responder) {
  const std::string_view path = head.path();
  if (path == "/livez")
    return send(responder, {.status = 200, .content_type = "text/plain", .body = "alive\n"});
  if (path == "/metrics") {
    const std::string text = shared_.metrics.text();
    return send(responder, {.status = 200, .content_type = "text/plain; version=0.0.4", .body = text});
  }
  const bool keys_read = shared_.keyring.ready();
  const bool log_up = shared_.log_state.up() && appender_.connected();
  const bool draining = shared_.flush.load(std::memory_order_relaxed);
  text_ = R"({"ready":)";
  text_ += keys_read && log_up && !draining ? "true" : "false";
  text_ += R"(,"keys":)";
  append_json_string(text_, keys_read ? "ok" : "keys.v1 is not read to its end yet");
  text_ += R"(,"log":)";
  append_json_string(text_, log_up ? "ok" : shared_.log_state.reason());
  text_ += '}';
  send(responder,
       {.status = keys_read && log_up && !draining ? 200 : 503, .content_type = kJson, .body = text_});
}

}  // namespace plumbline::edge
