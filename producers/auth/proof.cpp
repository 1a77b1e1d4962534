#include "producers/auth/proof.h"

#include <charconv>

#include "core/crypto/base64.h"
#include "core/crypto/random.h"
#include "core/crypto/sha256.h"

namespace plumbline::auth {

std::string random_word() {
  return crypto::base64url_encode(crypto::random_bytes(32));
}

std::string challenge_of(std::string_view verifier) {
  const crypto::Digest256 digest = crypto::sha256(verifier);
  return crypto::base64url_encode(crypto::as_chars(digest));
}

std::string url_encode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

std::string url_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    const char* pair = text.data() + i + 1;
    if (text[i] == '%' && i + 2 < text.size() && std::from_chars(pair, pair + 2, value, 16).ptr == pair + 2) {
      out += static_cast<char>(value);
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

std::string parameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    const std::size_t equals = pair.find('=');
    if (pair.substr(0, equals) == name && equals != std::string_view::npos)
      return url_decode(pair.substr(equals + 1));
  }
  return {};
}

}  // namespace plumbline::auth
