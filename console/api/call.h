// A request as the endpoints see it, and what they answer: owned texts, no connection. Values.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"

namespace plumbline::console {

struct Call {
  std::string method;
  std::string path;   // without the query, as it came
  std::string query;  // behind '?'
  std::string peer;   // address of the client, for limits
  std::string host;
  std::string cookie;
  std::string csrf;
  std::string authorization;
  std::string if_none_match;
  std::string content_type;
  std::string fetch_site;  // Sec-Fetch-Site
  std::string last_event_id;
  std::string body;

  // Decoded; nullopt when it is not there. A malformed escape stays as it is.
  [[nodiscard]] std::optional<std::string> parameter(std::string_view name) const;
  // Value of a cookie; empty when it is not there.
  [[nodiscard]] std::string_view cookie_value(std::string_view name) const;
};

struct Answer {
  int status = 200;
  std::string content_type = "application/json";
  std::string fields = {};  // whole lines, each ended by CRLF
  std::string body = {};
};

// application/problem+json as the edge's.
[[nodiscard]] Answer problem(int status, std::string_view code, std::string_view title,
                             std::string_view detail = {});
// The same words whatever is missing, so that nothing tells a foreign row from none.
[[nodiscard]] Answer not_found();
[[nodiscard]] Answer bad_request(std::string_view detail);
[[nodiscard]] Answer redirect(std::string_view location, std::string_view more_fields = {});
[[nodiscard]] Answer no_content();
[[nodiscard]] Answer json(std::string body, int status = 200);

// RFC 3986: %XX to bytes; in forms and queries '+' is a space. nullopt for a malformed escape or NUL.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);
[[nodiscard]] std::string percent_encode(std::string_view text);

// application/x-www-form-urlencoded and queries: the first value of a name.
[[nodiscard]] std::optional<std::string> form_value(std::string_view form, std::string_view name);

}  // namespace plumbline::console
