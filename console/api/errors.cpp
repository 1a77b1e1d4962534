#include "console/api/handlers.h"
#include "core/telemetry/logging.h"

namespace plumbline::console {

Answer answer_of(const Error& error, std::string_view place) {
  if (error.code == "media_type")
    return problem(415, "unsupported_media_type", "The media type is not supported", error.message);
  if (error.code == "conflict") return problem(409, "conflict", "It can't be as things are", error.message);
  if (error.code == "not_found") return not_found();
  if (error.code == "bad_request") return bad_request(error.message);
  // Values that PostgreSQL could not read: of a cursor that was changed, or text that is no UTF-8.
  if (error.code.starts_with("22")) return bad_request("A value of the request can't be read.");
  telemetry::warn("console_failed", {{"place", place}, {"code", std::string_view(error.code)}});
  if (error.fault == Fault::kRetryable || error.code == "57014") {
    Answer answer =
        problem(503, "unavailable", "The database can't answer now", "Try again in a few seconds.");
    answer.fields = "Retry-After: 3\r\n";
    return answer;
  }
  return problem(500, "internal", "The server failed", "Its log says why; the request may be tried again.");
}

}  // namespace plumbline::console
