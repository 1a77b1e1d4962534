// Personal data by format, each with the check digits that its standard gives.
#include <algorithm>
#include <string>

#include "core/redact/characters.h"
#include "core/redact/detect.h"

namespace plumbline::redact {
namespace {

bool word_before(std::string_view text, std::size_t at) {
  return at > 0 && is_alnum(text[at - 1]) && !(at > 1 && text[at - 2] == '\\');
}
bool word_behind(std::string_view text, std::size_t at) {
  return at < text.size() && is_alnum(text[at]);
}

// RFC 5321, section 4.1.2, without quoted local parts; a domain has a dot and a last label of letters.
// "git@host:path" is a repository's address, not a person's.
void find_emails(std::string_view text, std::vector<Hit>& hits) {
  constexpr std::string_view kLocal = ".!#$%&'*+-/=?^_`{|}~";
  for (std::size_t at = text.find('@'); at != std::string_view::npos; at = text.find('@', at + 1)) {
    std::size_t begin = at;
    while (begin > 0 && at - begin < 64 &&
           (is_alnum(text[begin - 1]) || (text[begin - 1] & 0x80) != 0 ||
            kLocal.find(text[begin - 1]) != kLocal.npos))
      --begin;
    // Of "path/to=x" only what can begin a name; an escape's letter stays with its backslash.
    while (begin < at && !is_alnum(text[begin]) && (text[begin] & 0x80) == 0) ++begin;
    std::size_t end =
        run_of(text, at + 1, [](char c) { return is_alnum(c) || c == '-' || c == '.' || (c & 0x80) != 0; });
    while (end > at + 1 && (text[end - 1] == '.' || text[end - 1] == '-')) --end;
    const std::string_view domain = text.substr(at + 1, end - at - 1);
    const std::size_t dot = domain.rfind('.');
    if (begin == at || dot == std::string_view::npos || dot == 0 || domain.size() - dot < 3) continue;
    if (is_digit(domain[dot + 1])) continue;
    if (text.substr(begin, at - begin) == "git") continue;
    hits.push_back({begin, end, "email"});
  }
}

bool luhn(std::string_view digits) {
  int sum = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    int value = digits[digits.size() - 1 - i] - '0';
    if (i % 2 == 1) value = value > 4 ? value * 2 - 9 : value * 2;
    sum += value;
  }
  return sum % 10 == 0;
}

int front_of(std::string_view digits, std::size_t count) {
  int value = 0;
  for (const char c : digits.substr(0, count)) value = value * 10 + (c - '0');
  return value;
}

// ISO/IEC 7812-1: issuer prefixes of Visa, Mastercard, American Express, Discover, Diners, JCB, UnionPay and
// Maestro with their lengths, and the check digit.
bool is_card(std::string_view digits) {
  const std::size_t size = digits.size();
  const int two = front_of(digits, 2), three = front_of(digits, 3), four = front_of(digits, 4);
  const bool known =
      (digits[0] == '4' && (size == 13 || size == 16 || size == 19)) ||
      (size == 16 && ((two >= 51 && two <= 55) || (four >= 2221 && four <= 2720))) ||
      (size == 15 && (two == 34 || two == 37)) ||
      (size >= 16 && (four == 6011 || two == 65 || (three >= 644 && three <= 649) || two == 62)) ||
      (size == 14 && ((three >= 300 && three <= 305) || two == 36 || two == 38)) ||
      (size >= 16 && four >= 3528 && four <= 3589) || (size >= 16 && (two == 50 || two == 67));
  return known && luhn(digits);
}

void find_cards(std::string_view text, std::vector<Hit>& hits) {
  constexpr std::size_t kDigitsMin = 13, kDigitsMax = 19;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!is_digit(text[at]) || word_before(text, at)) continue;
    std::string digits;
    std::size_t end = at;
    for (std::size_t i = at; i < text.size() && digits.size() <= kDigitsMax; ++i) {
      if (is_digit(text[i])) {
        digits += text[i];
        end = i + 1;
      } else if ((text[i] != ' ' && text[i] != '-') || i + 1 >= text.size() || !is_digit(text[i + 1])) {
        break;
      }
    }
    if (digits.size() >= kDigitsMin && digits.size() <= kDigitsMax && !word_behind(text, end) &&
        is_card(digits))
      hits.push_back({at, end, "card_number"});
    at = std::max(at, run_of(text, at, is_digit) - 1);
  }
}

// ISO 13616-1: country, check digits, up to 30 characters; the whole, rearranged, is 1 modulo 97.
void find_ibans(std::string_view text, std::vector<Hit>& hits) {
  constexpr std::size_t kMin = 15, kMax = 34;
  for (std::size_t at = 0; at + kMin <= text.size(); ++at) {
    if (!is_upper(text[at]) || !is_upper(text[at + 1]) || !is_digit(text[at + 2]) ||
        !is_digit(text[at + 3]) || word_before(text, at))
      continue;
    std::string plain;
    std::size_t end = at;
    for (std::size_t i = at; i < text.size() && plain.size() < kMax; ++i) {
      if (is_upper(text[i]) || is_digit(text[i])) {
        plain += text[i];
        end = i + 1;
        // Groups of four: a word behind the last one may follow a space, so every end is tried.
        if (plain.size() < kMin || word_behind(text, end)) continue;
        int remainder = 0;
        for (std::size_t k = 0; k < plain.size(); ++k) {
          const char c = plain[(k + 4) % plain.size()];
          remainder =
              is_digit(c) ? (remainder * 10 + (c - '0')) % 97 : (remainder * 100 + (c - 'A' + 10)) % 97;
        }
        if (remainder == 1) {
          hits.push_back({at, end, "iban"});
          at = end - 1;
          break;
        }
      } else if (text[i] != ' ') {
        break;
      }
    }
  }
}

// ITU-T E.164: "+" and 8 to 15 digits, in groups; and the groups of the North American plan, (NXX) NXX-XXXX.
void find_phones(std::string_view text, std::vector<Hit>& hits) {
  for (std::size_t at = text.find('+'); at != std::string_view::npos; at = text.find('+', at + 1)) {
    if (word_before(text, at)) continue;
    std::size_t digits = 0, end = at + 1;
    for (std::size_t i = at + 1; i < text.size() && digits <= 15; ++i) {
      if (is_digit(text[i])) {
        ++digits;
        end = i + 1;
      } else if (std::string_view(" -.()/").find(text[i]) == std::string_view::npos || end + 2 < i) {
        break;
      }
    }
    if (digits >= 8 && digits <= 15 && text[at + 1] != '0' && !word_behind(text, end))
      hits.push_back({at, end, "phone_number"});
  }
  for (std::size_t at = 0; at + 12 <= text.size(); ++at) {
    const bool bracket = text[at] == '(';
    if (!(bracket || (is_digit(text[at]) && !word_before(text, at)))) continue;
    const std::string_view shape = bracket               ? "(ddd) ddd-dddd"
                                   : text[at + 3] == '.' ? "ddd.ddd.dddd"
                                                         : "ddd-ddd-dddd";
    if (at + shape.size() > text.size()) continue;
    bool fits = true;
    for (std::size_t i = 0; i < shape.size() && fits; ++i)
      fits = shape[i] == 'd' ? is_digit(text[at + i]) : text[at + i] == shape[i];
    const std::size_t end = at + shape.size();
    if (!fits || word_behind(text, end) || text[at + (bracket ? 1 : 0)] < '2') continue;
    if (at > 0 && (text[at - 1] == '-' || text[at - 1] == '.')) continue;
    hits.push_back({at, end, "phone_number"});
    at = end - 1;
  }
}

// Social Security Administration, "SSN randomization": AAA-GG-SSSS, never 000, 666 or 9xx in front.
void find_ssns(std::string_view text, std::vector<Hit>& hits) {
  for (std::size_t at = 0; at + 11 <= text.size(); ++at) {
    if (!is_digit(text[at]) || text[at + 3] != '-' || text[at + 6] != '-') continue;
    bool fits = !word_before(text, at) && !word_behind(text, at + 11) && !(at > 0 && text[at - 1] == '-');
    for (const std::size_t i : {1U, 2U, 4U, 5U, 7U, 8U, 9U, 10U}) fits = fits && is_digit(text[at + i]);
    const std::string_view area = text.substr(at, 3);
    if (fits && area != "000" && area != "666" && area[0] != '9' && text.substr(at + 4, 2) != "00" &&
        text.substr(at + 7, 4) != "0000")
      hits.push_back({at, at + 11, "us_ssn"});
  }
}

// The user's name in the path of a home folder (Filesystem Hierarchy Standard 3.0; macOS; Windows).
void find_home_folders(std::string_view text, std::vector<Hit>& hits) {
  for (const std::string_view front : {"/home/", "/Users/", "\\Users\\"}) {
    for (std::size_t at = text.find(front); at != std::string_view::npos; at = text.find(front, at + 1)) {
      std::size_t begin = at + front.size();
      while (begin < text.size() && text[begin] == '\\') ++begin;  // escaped once more
      const std::size_t end =
          run_of(text, begin, [](char c) { return is_base64url(c) || c == '.' || (c & 0x80) != 0; });
      if (end > begin) hits.push_back({begin, end, "home_folder"});
    }
  }
}

}  // namespace

void detect_personal(std::string_view text, const Census& has, std::vector<Hit>& hits) {
  // The least that each format has: 13 digits of a card, two capitals and two digits of an IBAN, ...
  if (has.all(Census::kAt)) find_emails(text, hits);
  if (has.digits >= 13) find_cards(text, hits);
  if (has.all(Census::kUpper) && has.digits >= 2) find_ibans(text, hits);
  if (has.digits >= 8 && (has.all(Census::kPlus) || has.digits >= 10)) find_phones(text, hits);
  if (has.digits >= 9 && has.all(Census::kDash)) find_ssns(text, hits);
  if (has.all(Census::kSlash)) find_home_folders(text, hits);
}

}  // namespace plumbline::redact
