// The edge's doors beside its signed ones, and what they share with those: which request comes in by which,
// and in which words it is answered. Pure.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "core/http/request_head.h"
#include "core/result.h"
#include "producers/edge/outcomes.h"
#include "producers/edge/pending.h"
#include "producers/edge/response.h"

namespace plumbline::edge {

// Of POST /v1/traces and /v1/logs. A request whose Content-Type is neither of OTLP's is answered in JSON.
[[nodiscard]] std::optional<OtlpForm> otlp_form(const http::RequestHead& head);
// The key id of /api/v1/webhooks/sonarqube/{key_id}.
[[nodiscard]] std::optional<std::string_view> sonarqube_key(std::string_view path);

// Of a Content-Encoding.
[[nodiscard]] bool known_encoding(std::string_view encoding);
// 413 or 400 for a body that is refused as a whole. Borrows from the error.
[[nodiscard]] Problem body_problem(const Error& error);

// "schema: 2, time_ahead: 1"; empty when nothing was rejected.
[[nodiscard]] std::string rejection_text(const RejectCounts& rejected);
// OTLP's response with its partial_success.
[[nodiscard]] std::string otlp_success(const OtlpForm& form, const RejectCounts& rejected);
// google.rpc.Status of a problem.
[[nodiscard]] std::string otlp_failure(const OtlpForm& form, const Problem& problem);

}  // namespace plumbline::edge
