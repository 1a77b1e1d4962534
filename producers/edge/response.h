// The words the edge answers with: 202 and 422 bodies, problem+json (RFC 9457), RateLimit fields
// (draft-ietf-httpapi-ratelimit-headers). Pure; texts never hold a payload or a secret.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/http/server.h"
#include "producers/edge/admit.h"

namespace plumbline::edge {

inline constexpr std::string_view kJson = "application/json";
inline constexpr std::string_view kProblemJson = "application/problem+json";

struct Problem {
  int status = 400;
  std::string_view code;    // the last part of the problem's type
  std::string_view title;   // the same for every problem of this type
  std::string_view detail;  // what to change
};

// {"type":"https://plumbline.dev/problems/<code>","title":...,"status":...,"detail":...<more>}; `more` starts
// with a comma or is empty.
void append_problem(std::string& out, const Problem& problem, std::string_view more = {});
void append_json_string(std::string& out, std::string_view text);

// The list of a response, as it grows: [{"index":0,"id":"...","reason":"schema","detail":"..."}]. `id` may be
// empty: null.
void append_rejection(std::string& list, std::size_t index, std::string_view id, std::string_view reason,
                      std::string_view detail);
// {"accepted":n,"rejected":[...]}; `list` as made by append_rejection, without brackets.
void append_accepted(std::string& out, std::size_t accepted, std::string_view list);

// Whole header lines.
void append_retry_after(std::string& out, std::chrono::milliseconds wait);
void append_rate_limit(std::string& out, const Admission& admission, const Rates& rates);

// What the server itself refuses (malformed head, 408, 413, 431, budget).
[[nodiscard]] Problem problem_of(const http::Refusal& refusal);

}  // namespace plumbline::edge
