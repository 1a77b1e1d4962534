#include "console/api/call.h"

#include "core/codec/json_writer.h"

namespace plumbline::console {
namespace {

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

}  // namespace

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '+' && plus_is_space) c = ' ';
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = digit_of(text[i + 1]), low = digit_of(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (c == '\0') return std::nullopt;
    out.push_back(c);
  }
  return out;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      out.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.push_back('%');
      out.push_back(kDigits[byte >> 4]);
      out.push_back(kDigits[byte & 15]);
    }
  }
  return out;
}

std::optional<std::string> form_value(std::string_view form, std::string_view name) {
  while (!form.empty()) {
    const std::string_view pair = form.substr(0, form.find('&'));
    form.remove_prefix(std::min(pair.size() + 1, form.size()));
    const auto equals = pair.find('=');
    const auto key = percent_decode(pair.substr(0, equals), true);
    if (!key || *key != name) continue;
    if (equals == std::string_view::npos) return std::string();
    const std::string_view raw = pair.substr(equals + 1);
    return percent_decode(raw, true).value_or(std::string(raw));
  }
  return std::nullopt;
}

std::optional<std::string> Call::parameter(std::string_view name) const {
  return form_value(query, name);
}

std::string_view Call::cookie_value(std::string_view name) const {
  std::string_view rest = cookie;
  while (!rest.empty()) {
    const std::string_view pair = trim(rest.substr(0, rest.find(';')));
    const auto next = rest.find(';');
    rest = next == std::string_view::npos ? std::string_view() : rest.substr(next + 1);
    if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=')
      return pair.substr(name.size() + 1);
  }
  return {};
}

Answer problem(int status, std::string_view code, std::string_view title, std::string_view detail) {
  Answer answer{.status = status, .content_type = "application/problem+json"};
  codec::JsonWriter out(answer.body);
  out.open_object()
      .member("type", "https://plumbline.dev/problems/" + std::string(code))
      .member("title", title)
      .member("status", status);
  if (!detail.empty()) out.member("detail", detail);
  out.close_object();
  return answer;
}

Answer not_found() {
  return problem(404, "not_found", "There is nothing here", "It does not exist, or it is not yours to see.");
}

Answer bad_request(std::string_view detail) {
  return problem(400, "bad_request", "The request is wrong", detail);
}

Answer redirect(std::string_view location, std::string_view more_fields) {
  Answer answer{.status = 302, .content_type = ""};
  answer.fields = "Location: " + std::string(location) + "\r\n" + std::string(more_fields);
  return answer;
}

Answer no_content() {
  return {.status = 204, .content_type = ""};
}

Answer json(std::string body, int status) {
  return {.status = status, .body = std::move(body)};
}

}  // namespace plumbline::console
