#include "producers/auth/console.h"

#include "producers/auth/proof.h"

namespace plumbline::auth {
namespace {

bool is_loopback(std::string_view host) {
  const bool v4 = host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos;
  return v4 || host == "localhost" || host == "[::1]";
}

}  // namespace

Result<std::string> console_address(std::string_view text) {
  while (text.ends_with('/')) text.remove_suffix(1);
  const bool secure = text.starts_with("https://");
  const std::string_view rest = text.substr(text.starts_with("http://") ? 7 : secure ? 8 : text.size());
  const auto wrong = [&text](const char* why) {
    return poison("console", "the console's address " + std::string(text) + " " + why);
  };
  if (rest.empty()) return wrong("is not like https://plumbline.example");
  if (rest.find_first_of("/?#@ \"\\") != std::string_view::npos)
    return wrong("must be scheme, host and port only, such as https://plumbline.example");
  const std::size_t colon = rest.rfind(':'), bracket = rest.rfind(']');
  const bool has_port =
      colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  const std::string_view host = rest.substr(0, has_port ? colon : rest.size());
  if (!secure && !is_loopback(host)) return wrong("would carry tokens over plain http; use https://");
  return std::string(text);
}

Result<Said> Console::take(push::Response response) const {
  if (response.status == 0)
    return retryable("console", "the console at " + address_ + " can't be reached: " + response.error);
  Said said{response.status, {}};
  if (auto parsed = codec::JsonValue::parse(response.body)) said.body = std::move(*parsed);
  return said;
}

Result<Said> Console::post_form(std::string_view path, const Form& form) {
  std::string body;
  for (const auto& [name, value] : form)
    body.append(body.empty() ? "" : "&").append(name).append("=").append(url_encode(value));
  return take(
      transport_.post({address_ + std::string(path),
                       {"content-type: application/x-www-form-urlencoded", "accept: application/json"},
                       body}));
}

Result<Said> Console::get(std::string_view path, const Secret& token) {
  return take(
      transport_.get({address_ + std::string(path),
                      {"authorization: Bearer " + std::string(token.reveal()), "accept: application/json"},
                      {}}));
}

Result<Said> Console::post(std::string_view path, const Secret& token, std::string_view json) {
  return take(transport_.post({address_ + std::string(path),
                               {"authorization: Bearer " + std::string(token.reveal()),
                                "content-type: application/json", "accept: application/json"},
                               json}));
}

Error Console::refused(std::string_view what, const Said& said) const {
  std::string words =
      std::string(what) + ": the console at " + address_ + " answers " + std::to_string(said.status);
  for (const char* member : {"title", "detail", "error"}) {
    const std::string_view text = said.body[member].text();
    if (!text.empty()) words.append(member[0] == 'd' ? ". " : ", ").append(text);
  }
  if (said.status == 404 || said.body.is(codec::JsonValue::Kind::kNull))
    words += "; is that the console's own address, not the edge's?";
  const bool again = said.status == 429 || said.status >= 500;
  return again ? retryable("console", std::move(words)) : poison("console", std::move(words));
}

}  // namespace plumbline::auth
