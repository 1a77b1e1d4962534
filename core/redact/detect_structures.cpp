// Secrets that are told by what stands around them: keys in PEM, JWTs, URLs with a password, headers and
// assignments.
#include <algorithm>
#include <array>
#include <string>

#include "core/redact/characters.h"
#include "core/redact/detect.h"

namespace plumbline::redact {
namespace {

// RFC 7468: "-----BEGIN label-----" to "-----END label-----"; a key that is cut short goes to the end.
void find_private_keys(std::string_view text, std::vector<Hit>& hits) {
  constexpr std::string_view kBegin = "-----BEGIN ";
  constexpr std::size_t kLabelMax = 64;
  for (std::size_t at = text.find(kBegin); at != std::string_view::npos; at = text.find(kBegin, at + 1)) {
    const std::string_view label = text.substr(at + kBegin.size(), kLabelMax);
    const std::size_t dashes = label.find("-----");
    if (label.substr(0, dashes).find("PRIVATE KEY") == std::string_view::npos) continue;
    const std::size_t end = text.find("-----END ", at);
    const std::size_t close = end == std::string_view::npos ? end : text.find("-----", end + 9);
    hits.push_back({at, close == std::string_view::npos ? text.size() : close + 5, "private_key"});
    at = hits.back().end - 1;
  }
}

// RFC 7519: two base64url parts that begin as `{"` does, and a signature that may be empty.
void find_jwts(std::string_view text, std::vector<Hit>& hits) {
  for (std::size_t at = text.find("eyJ"); at != std::string_view::npos; at = text.find("eyJ", at + 1)) {
    if (at > 0 && is_base64url(text[at - 1])) continue;
    const std::size_t first = run_of(text, at, is_base64url);
    if (first - at < 10 || first >= text.size() || text[first] != '.') continue;
    const std::size_t second = run_of(text, first + 1, is_base64url);
    if (second - first < 5) continue;
    std::size_t end = second;
    while (end < text.size() && text[end] == '.') end = run_of(text, end + 1, is_base64url);
    hits.push_back({at, end, "jwt"});
    at = end - 1;
  }
}

// RFC 3986, section 3.2.1: what stands between "//" and "@" of a URL, when it has a password, or is long
// enough to be a token alone.
void find_url_passwords(std::string_view text, std::vector<Hit>& hits) {
  constexpr std::size_t kTokenLeast = 16;
  for (std::size_t at = text.find("://"); at != std::string_view::npos; at = text.find("://", at + 1)) {
    const std::size_t begin = at + 3;
    const std::size_t end = text.find_first_of("/?# \t\r\n\"'<>\\", begin);
    const std::string_view authority = text.substr(begin, end == std::string_view::npos ? end : end - begin);
    const std::size_t host = authority.rfind('@');
    if (host == std::string_view::npos || host == 0) continue;
    if (authority.substr(0, host).find(':') == std::string_view::npos && host < kTokenLeast) continue;
    hits.push_back({begin, begin + host, "url_password"});
  }
}

// RFC 6750, section 2.1 and RFC 7617, section 2: the credentials behind the scheme's name.
void find_authorization(std::string_view text, std::vector<Hit>& hits) {
  constexpr std::array<std::string_view, 2> kSchemes = {"bearer ", "basic "};
  constexpr std::size_t kLeast = 12;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != 'B' && text[at] != 'b') continue;
    if (at > 0 && is_alnum(text[at - 1])) continue;
    for (const std::string_view scheme : kSchemes) {
      if (!starts_ignoring_case(text.substr(at), scheme)) continue;
      const std::size_t begin = run_of(text, at + scheme.size(), [](char c) { return c == ' '; });
      const std::size_t end =
          run_of(text, begin, [](char c) { return is_base64(c) || c == '.' || c == '~'; });
      const std::string_view value = text.substr(begin, end - begin);
      const bool wordy = value.find_first_of("0123456789+/=._-") == std::string_view::npos;
      if (value.size() >= kLeast && !(wordy && value.size() < 20))
        hits.push_back({begin, end, "authorization"});
    }
  }
}

bool is_random_letters(std::string_view value) {
  constexpr std::size_t kLeast = 32;
  constexpr double kBitsLeast = 4.35;
  const auto letter = [](char c) { return is_upper(c) || is_lower(c); };
  return value.size() >= kLeast && std::all_of(value.begin(), value.end(), letter) &&
         entropy_bits(value) >= kBitsLeast;
}

struct Keyword {
  std::string_view word;
  std::size_t least;  // of the value
};
constexpr std::array kKeywords = {
    Keyword{"password", 4},    Keyword{"passwd", 4},     Keyword{"passphrase", 4},  Keyword{"pwd", 4},
    Keyword{"secret", 6},      Keyword{"api_key", 8},    Keyword{"apikey", 8},      Keyword{"api-key", 8},
    Keyword{"access_key", 8},  Keyword{"accesskey", 8},  Keyword{"account_key", 8}, Keyword{"accountkey", 8},
    Keyword{"private_key", 8}, Keyword{"secret_key", 8}, Keyword{"token", 8},       Keyword{"auth_key", 8},
    Keyword{"signing_key", 8}, Keyword{"credential", 8}, Keyword{"credentials", 8}};

constexpr bool begins_keyword(char c) {
  constexpr std::array<bool, 256> kBegins = [] {
    std::array<bool, 256> begins{};
    for (const Keyword& keyword : kKeywords) {
      const char first = keyword.word[0];
      begins[static_cast<unsigned char>(first)] = true;
      begins[static_cast<unsigned char>(first - 'a' + 'A')] = true;
    }
    return begins;
  }();
  return kBegins[static_cast<unsigned char>(c)];
}

std::size_t skip_quotes(std::string_view text, std::size_t at) {
  return run_of(text, at, [](char c) { return c == '"' || c == '\'' || c == '\\' || c == '`'; });
}

// `password=...`, `"api_key": "..."`, `--token ...`: as in the generic rules of gitleaks and detect-secrets.
void find_assignments(std::string_view text, std::vector<Hit>& hits) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!begins_keyword(text[at])) continue;
    for (const Keyword& keyword : kKeywords) {
      if (lower(text[at]) != keyword.word[0] || !starts_ignoring_case(text.substr(at), keyword.word))
        continue;
      std::size_t next = skip_quotes(text, at + keyword.word.size());
      const auto space = [](char c) { return c == ' ' || c == '\t'; };
      next = run_of(text, next, space);
      const bool flag = at >= 2 && text[at - 1] == '-' && next > at + keyword.word.size();
      if (next < text.size() && (text[next] == '=' || text[next] == ':')) {
        next = run_of(text, next, [](char c) { return c == '=' || c == ':' || c == '>'; });
      } else if (!flag) {
        continue;
      }
      next = skip_quotes(text, run_of(text, next, space));
      const std::size_t end = text.find_first_of(" \t\r\n\"'`\\,;&<>(){}[]", next);
      const std::size_t size = (end == std::string_view::npos ? text.size() : end) - next;
      if (size < keyword.least) continue;
      const std::string_view value = text.substr(next, size);
      // A random key has no digit once in a thousand: it is told from a word by its length and its letters.
      const bool plain_word = keyword.least >= 6 && value.find_first_of("0123456789+/=_-") == value.npos &&
                              !is_random_letters(value);
      if (!plain_word) hits.push_back({next, next + size, "assigned_secret"});
      break;
    }
  }
}

}  // namespace

bool names_secret(std::string_view member) {
  constexpr std::array<std::string_view, 17> kNames = {
      "password",      "passwd",      "passphrase",    "secret",     "api_key",      "apikey",
      "api-key",       "private_key", "authorization", "cookie",     "access_token", "auth_token",
      "refresh_token", "id_token",    "client_secret", "credential", "credentials"};
  std::string low;
  for (const char c : member) low += lower(c);
  for (const std::string_view name : kNames) {
    if (low.size() >= name.size() && low.ends_with(name)) return true;
  }
  return low == "token" || low.ends_with("_token") || low.ends_with(".token") || low == "pwd" ||
         low.ends_with("_pwd") || low.ends_with("secret_key") || low.ends_with("access_key");
}

bool names_identifier(std::string_view member) {
  constexpr std::array<std::string_view, 18> kEnds = {
      "id",     "_ids",       "hash",        "digest",   "sha256",  "sha",
      "commit", "checksum",   "fingerprint", "session",  "version", "etag",
      "key_id", "tracestate", "traceparent", "revision", "agent",   "uuid"};
  std::string low;
  for (const char c : member) low += lower(c);
  for (const std::string_view end : kEnds) {
    if (low.ends_with(end)) return true;
  }
  return false;
}

void detect_structures(std::string_view text, const Census& has, std::vector<Hit>& hits) {
  if (has.all(Census::kDash | Census::kSpace)) find_private_keys(text, hits);
  if (has.all(Census::kDot)) find_jwts(text, hits);
  if (has.all(Census::kColon | Census::kSlash)) find_url_passwords(text, hits);
  if (has.all(Census::kSpace)) find_authorization(text, hits);
  if (has.all(Census::kAssigns) || has.all(Census::kDash | Census::kSpace)) find_assignments(text, hits);
}

}  // namespace plumbline::redact
