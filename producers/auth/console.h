// The console's API as a client sees it. One request a call; words of errors name the place and what the
// console said, never a token. Not thread-safe.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/codec/json_value.h"
#include "core/result.h"
#include "core/secret.h"
#include "producers/push/transport.h"

namespace plumbline::auth {

// http(s)://host[:port] without a path; plain http on loopback only, for tokens travel. Poison "console".
[[nodiscard]] Result<std::string> console_address(std::string_view text);

struct Said {
  int status = 0;
  codec::JsonValue body;
  [[nodiscard]] bool ok() const { return status >= 200 && status < 300; }
  // OAuth's own word (RFC 6749, section 5.2); "" where there is none.
  [[nodiscard]] std::string_view oauth_error() const { return body["error"].text(); }
};

using Form = std::vector<std::pair<std::string_view, std::string>>;

class Console {
 public:
  // `transport` outlives this; `address` as console_address gives it.
  Console(push::Transport& transport, std::string address)
      : transport_(transport), address_(std::move(address)) {}
  [[nodiscard]] const std::string& address() const { return address_; }

  // Retryable "console": no answer. Any answer is a value.
  [[nodiscard]] Result<Said> post_form(std::string_view path, const Form& form);
  // As the one whose access token it is.
  [[nodiscard]] Result<Said> get(std::string_view path, const Secret& token);
  [[nodiscard]] Result<Said> post(std::string_view path, const Secret& token, std::string_view json);

  // What to say of an answer that was not wanted. Retryable for 429 and 5xx, else poison; code "console".
  [[nodiscard]] Error refused(std::string_view what, const Said& said) const;

 private:
  Result<Said> take(push::Response response) const;

  push::Transport& transport_;
  std::string address_;
};

}  // namespace plumbline::auth
