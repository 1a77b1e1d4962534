#include "producers/edge/response.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace plumbline::edge {
namespace {

void append_number(std::string& out, std::uint64_t number) {
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

std::uint64_t whole(double value) {
  return value <= 0 ? 0 : static_cast<std::uint64_t>(value);
}

std::uint64_t seconds_up(double value) {
  return std::max<std::uint64_t>(1, whole(std::ceil(value)));
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

void append_problem(std::string& out, const Problem& problem, std::string_view more) {
  out += R"({"type":"https://plumbline.dev/problems/)";
  out += problem.code;
  out += R"(","title":)";
  append_json_string(out, problem.title);
  out += R"(,"status":)";
  append_number(out, static_cast<std::uint64_t>(problem.status));
  out += R"(,"detail":)";
  append_json_string(out, problem.detail);
  out += more;
  out += '}';
}

void append_rejection(std::string& list, std::size_t index, std::string_view id, std::string_view reason,
                      std::string_view detail) {
  list += list.empty() ? R"({"index":)" : R"(,{"index":)";
  append_number(list, index);
  list += R"(,"id":)";
  if (id.empty()) {
    list += "null";
  } else {
    append_json_string(list, id);
  }
  list += R"(,"reason":)";
  append_json_string(list, reason);
  list += R"(,"detail":)";
  append_json_string(list, detail);
  list += '}';
}

void append_accepted(std::string& out, std::size_t accepted, std::string_view list) {
  out += R"({"accepted":)";
  append_number(out, accepted);
  out += R"(,"rejected":[)";
  out += list;
  out += "]}";
}

void append_retry_after(std::string& out, std::chrono::milliseconds wait) {
  out += "Retry-After: ";
  append_number(out, seconds_up(static_cast<double>(wait.count()) / 1000));
  out += "\r\n";
}

void append_rate_limit(std::string& out, const Admission& admission, const Rates& rates) {
  const Rate& rate = admission.by_agent ? rates.agent : rates.tenant;
  const std::string_view name = admission.by_agent ? "\"agent\"" : "\"tenant\"";
  const double per_s = std::max(rate.per_s, 1e-3);
  out += "RateLimit-Policy: ";
  out += name;
  out += ";q=";
  append_number(out, whole(rate.burst));
  out += ";w=";
  append_number(out, seconds_up(rate.burst / per_s));
  out += "\r\nRateLimit: ";
  out += name;
  out += ";r=";
  append_number(out, admission.admitted ? whole(admission.remaining) : 0);
  out += ";t=";
  const double reset_s = admission.admitted ? (rate.burst - admission.remaining) / per_s
                                            : static_cast<double>(admission.wait.count()) / 1000;
  append_number(out, seconds_up(reset_s));
  out += "\r\n";
}

Problem problem_of(const http::Refusal& refusal) {
  std::string_view title = "The request is not valid HTTP/1.1";
  switch (refusal.status) {
    case 408:
      title = "The request came too slowly";
      break;
    case 413:
      title = "The body is too large";
      break;
    case 417:
      title = "The expectation can't be met";
      break;
    case 431:
      title = "The header fields are too large";
      break;
    case 503:
      title = "The edge holds as many requests as it may";
      break;
    default:
      break;
  }
  return {refusal.status, refusal.code, title, refusal.detail};
}

}  // namespace plumbline::edge
