#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <unordered_set>
#include <utility>

#include "core/codec/json_writer.h"
#include "core/crypto/base64.h"
#include "core/otlp/event_parts.h"

namespace plumbline::otlp {
namespace {

constexpr std::size_t kRememberedMax = 128;  // bytes of a value: names and models are shorter

std::string decimal(double value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

// JSON writes it as it is: eight bytes at a time, none a control, a quote or a backslash.
bool is_plain(std::string_view text) {
  constexpr std::uint64_t kOnes = 0x0101010101010101, kHighs = 0x8080808080808080;
  const auto has_zero = [](std::uint64_t word) { return (word - kOnes) & ~word & kHighs; };
  const char* at = text.data();
  std::size_t left = text.size();
  for (; left >= 8; left -= 8, at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    const std::uint64_t control = (word - kOnes * 0x20) & ~word & kHighs;
    if ((control | has_zero(word ^ kOnes * 0x22) | has_zero(word ^ kOnes * 0x5c)) != 0) return false;
  }
  for (; left > 0; --left, ++at) {
    if (static_cast<unsigned char>(*at) < 0x20 || *at == '"' || *at == '\\') return false;
  }
  return true;
}

// The keys of one object: a repeated one is no valid JSON here, so the first counts.
class Seen {
 public:
  [[nodiscard]] std::size_t size() const { return few_.size() + many_.size(); }
  bool add(std::string_view key) {
    if (std::find(few_.begin(), few_.end(), key) != few_.end()) return false;
    if (few_.size() == kFew) return many_.insert(key).second;
    few_.push_back(key);
    return true;
  }

 private:
  static constexpr std::size_t kFew = 32;  // a scan beats a hash table up to here
  std::vector<std::string_view> few_;
  std::unordered_set<std::string_view> many_;
};

}  // namespace

std::string_view cut(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<std::uint8_t>(text[bytes]) & 0xC0U) == 0x80U) --bytes;
  return text.substr(0, bytes);
}

void append_text(std::string& out, std::string_view text) {
  if (!is_plain(text)) return codec::append_json_string(out, text);
  out += '"';
  out += text;
  out += '"';
}

void EventWriter::Impl::text(Member& of, std::string_view value) {
  comma();
  if (!value.empty() && value == of.last_text) {
    *out += of.last_json;
    return;
  }
  const std::size_t from = out->size();
  *out += of.json;
  const bool before = std::exchange(settled, screen != nullptr && of.facts.clean && !of.facts.drops_texts &&
                                                 !(of.facts.secret && !value.empty()));
  write_text(value, of.facts.identifier);
  if (settled && value.size() <= kRememberedMax) {
    of.last_text = value;
    of.last_json.assign(*out, from);
  }
  settled = settled && before;
}

// Numbers beyond the profile's (NaN, infinities) become texts, as OTLP's own JSON writes them.
void EventWriter::Impl::write_double(double value, bool identifier, bool secret) {
  const std::string digits = std::isnan(value)    ? "NaN"
                             : !std::isinf(value) ? decimal(value)
                             : value > 0          ? "Infinity"
                                                  : "-Infinity";
  if (!std::isfinite(value) || (value != 0 && (std::abs(value) > 1e300 || std::abs(value) < 1e-300))) {
    if (secret) settled = false;
    return write_text(digits, identifier);
  }
  look(digits, identifier);
  *out += digits;
}

void EventWriter::Impl::member(Member& of, const Value& value) {
  using enum Value::Kind;
  if (value.kind() == kText) return text(of, value.text());
  const bool nested = value.kind() == kArray || value.kind() == kMap;
  const bool as_text =
      nested || value.kind() == kBytes || (value.kind() == kDouble && !std::isfinite(value.real()));
  begin(of, as_text);
  if (value.kind() == kBytes) {
    if (of.facts.secret) settled = false;
    write_text(crypto::base64_encode(value.text()), of.facts.identifier);
  } else if (value.kind() == kInteger) {
    write_number(value.integer(), of.facts.identifier);
  } else if (value.kind() == kDouble) {
    write_double(value.real(), of.facts.identifier, of.facts.secret || of.facts.drops_texts);
  } else {
    element(value);
  }
}

// An element of a list, whose place is no name, or what has no text of its own.
void EventWriter::Impl::element(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::kNone:
      *out += "null";
      break;
    case Value::Kind::kText:
      write_text(value.text(), false);
      break;
    case Value::Kind::kBool:
      *out += value.boolean() ? "true" : "false";
      break;
    case Value::Kind::kInteger:
      write_number(value.integer(), false);
      break;
    case Value::Kind::kDouble:
      write_double(value.real(), false, false);
      break;
    case Value::Kind::kArray:
      *out += '[';
      for (const Value& item : value.items()) {
        comma();
        element(item);
      }
      *out += ']';
      break;
    case Value::Kind::kMap:
      pairs(value.members());
      break;
    case Value::Kind::kBytes:
      write_text(crypto::base64_encode(value.text()), false);
      break;
  }
}

void EventWriter::Impl::pairs(Attributes from, const Value* body) {
  *out += '{';
  Seen seen;
  const auto one = [&](std::string_view key, const Value& value) {
    Name& of = names.of(key, std::numeric_limits<std::size_t>::max());
    member(of, value);
  };
  for (const auto& [key, value] : from) {
    if (!options->include_content && is_content(key)) continue;
    if (seen.size() == kAttributesMax) break;
    if (seen.add(key)) one(key, value);
  }
  if (body != nullptr && seen.add("body")) one("body", *body);
  *out += '}';
}

void EventWriter::Impl::write_time(TimeUs at) {
  constexpr std::size_t kFraction = 7;  // "123456Z"
  const std::int64_t whole = at.value / 1'000'000;
  if (at.value < 0 || whole != second) {
    second_text = format_rfc3339(at);
    second = at.value < 0 ? std::numeric_limits<std::int64_t>::min() : whole;
  } else {
    char* digit = second_text.data() + second_text.size() - 2;
    std::int64_t fraction = at.value % 1'000'000;
    for (std::size_t i = 1; i < kFraction; ++i, fraction /= 10)
      *digit-- = static_cast<char>('0' + fraction % 10);
  }
  *out += '"';
  *out += second_text;
  *out += '"';
}

}  // namespace plumbline::otlp
