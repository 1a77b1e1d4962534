#include "core/codec/form.h"

#include <cmath>
#include <cstring>

#include "core/codec/text.h"
#include "core/limits.h"
#include "core/time.h"

namespace plumbline::codec {

void Found::clear() {
  Lists::clear();
  present = 0;
  unescaped_used = 0;
}

namespace {

// Names are short: this is a comparison or two where a call would cost more.
bool equal(const char* a, const char* b, std::size_t size) {
  const auto word = [](const char* at) {
    std::uint64_t value = 0;
    std::memcpy(&value, at, sizeof value);
    return value;
  };
  if (size < 8) return std::memcmp(a, b, size) == 0;
  std::uint64_t differ = 0;
  for (std::size_t at = 0; at + 8 < size; at += 8) differ |= word(a + at) ^ word(b + at);
  return (differ | (word(a + size - 8) ^ word(b + size - 8))) == 0;
}

}  // namespace

// Mirrors Walker step by step for what the form tells already; each `false` leaves the line to it.
class FormMatcher {
 public:
  FormMatcher(const Form& form, std::string_view line, std::span<const std::uint32_t> tokens, Found& out)
      : form_(form), line_(line), tokens_(tokens), out_(out), next_escape_(find_escape(0)) {}

  bool match() {
    return !tokens_.empty() && line_[tokens_[0]] == '{' && object(form_.root_) && token_ == tokens_.size();
  }

 private:
  [[nodiscard]] char peek() const { return token_ < tokens_.size() ? line_[tokens_[token_]] : '\0'; }
  [[nodiscard]] std::size_t find_escape(std::size_t from) const {
    const void* found = std::memchr(line_.data() + from, '\\', line_.size() - from);
    return found == nullptr ? line_.size()
                            : static_cast<std::size_t>(static_cast<const char*>(found) - line_.data());
  }

  bool object(const Form::Node& node) {
    if (node.rule != nullptr && node.rule->shape != nullptr) out_.present &= ~node.rule->shape->slots_mask;
    if (node.count == 0) {
      ++token_;
      if (peek() != '}') return false;
      ++token_;
      return true;
    }
    const Form::Member* member = form_.members_.data() + node.first;
    for (const Form::Member* const end = member + node.count; member != end; ++member) {
      if (token_ >= tokens_.size()) return false;
      // Equal bytes from a token outside of strings on have equal tokens: a bracket or comma, a name, a
      // colon.
      const std::size_t begin = tokens_[token_];
      if (line_.size() - begin <= member->bytes ||
          !equal(line_.data() + begin, form_.bytes_.data() + member->bytes_at, member->bytes)) {
        return false;
      }
      token_ += 3;
      if (token_ >= tokens_.size() || tokens_[token_] != begin + member->bytes) return false;
      if (!value(member->value, line_.substr(begin + member->name_at, member->name))) return false;
    }
    if (peek() != '}') return false;
    ++token_;
    return true;
  }

  bool value(const Form::Node& node, std::string_view name) {
    const std::size_t begin = tokens_[token_];
    const char first = line_[begin];
    Found::Value read;
    switch (node.is) {
      case Form::Is::kScalar: {
        bool null = false;
        if (!scalar(first, node, read, null)) return false;
        if (null) return true;
        break;
      }
      case Form::Is::kObject:
        if (first != '{' || !object(node)) return false;
        read.text = line_.substr(begin, tokens_[token_ - 1] + 1 - begin);
        break;
      case Form::Is::kArray:
        if (first != '[' || !array(node)) return false;
        break;
    }
    if (node.slot != kNoSlot) {
      out_.values[node.slot] = read;
      out_.present |= std::uint64_t{1} << node.slot;
    }
    if (node.rule != nullptr && node.rule->collect != 0)
      collect(node.rule->collect, name, read.text, read.number, out_, out_);
    return true;
  }

  bool array(const Form::Node& node) {
    const bool known = node.rule != nullptr && node.rule->type == Type::kArray;
    const std::size_t most = known ? node.rule->items_max : SIZE_MAX;
    Form::Node plain;
    plain.rule = known ? node.rule->items : nullptr;
    ++token_;
    if (peek() == ']') {
      ++token_;
      return true;
    }
    std::uint32_t usual = 0;
    for (std::size_t count = 1;; ++count) {
      const char first = peek();
      if (first == '\0' || count > most) return false;
      const bool nested = first == '{' || first == '[';
      if (!(nested ? element(node, usual) : value(plain, {}))) return false;
      const char next = peek();
      ++token_;
      if (next == ']') return true;
      if (next != ',') return false;
    }
  }

  // One of those that the array had; the last one's form first.
  bool element(const Form::Node& array, std::uint32_t& usual) {
    for (std::uint32_t tried = 0; tried < array.count; ++tried) {
      const std::uint32_t which = usual + tried < array.count ? usual + tried : usual + tried - array.count;
      const Mark mark = here();
      if (value(form_.elements_[array.first + which], {})) {
        usual = which;
        return true;
      }
      back_to(mark);
    }
    return false;
  }

  bool scalar(char first, const Form::Node& node, Found::Value& read, bool& null) {
    const Rule* rule = node.rule;
    if (first == '"') return string(read.text) && (rule == nullptr || text_fits(*rule, node.slot, read.text));
    if (first == '-' || (first >= '0' && first <= '9')) return number(rule, read);
    null = first == 'n';
    const std::string_view word = null ? "null" : first == 't' ? "true" : "false";
    const std::size_t begin = tokens_[token_], end = begin + word.size();
    if (line_.compare(begin, word.size(), word) != 0 || !ends_at(end)) return false;
    read.text = line_.substr(begin, word.size());
    ++token_;
    if (rule == nullptr || rule->type == Type::kAny) return true;
    return null ? rule->nullable : rule->type == Type::kBoolean;
  }

  [[nodiscard]] bool ends_at(std::size_t at) const {
    if (at >= line_.size()) return false;
    const char next = line_[at];
    return next == ',' || next == '}' || next == ']' || is_space(next);
  }

  bool string(std::string_view& out) {
    const std::size_t begin = tokens_[token_] + 1;
    ++token_;
    if (token_ >= tokens_.size()) return false;
    std::size_t end = tokens_[token_] - 1;
    while (is_space(line_[end])) --end;  // stops at the opening quote at the latest
    if (end < begin || line_[end] != '"') return false;
    out = line_.substr(begin, end - begin);
    return next_escape_ >= end || unescape(out);
  }

  bool unescape(std::string_view& out) {
    const std::string_view raw = out;
    // No unescaped text is longer than its source, so views into it stay valid.
    if (out_.unescaped.size() < line_.size()) {
      if (out_.unescaped_used > 0) return false;
      out_.unescaped.resize(line_.size());
    }
    char* const start = out_.unescaped.data() + out_.unescaped_used;
    const Unescaped text = codec::unescape(raw, start);
    if (text.wrong != nullptr) return false;
    out = {start, text.size};
    out_.unescaped_used += out.size();
    next_escape_ = find_escape(static_cast<std::size_t>(raw.data() - line_.data()) + raw.size());
    return true;
  }

  bool text_fits(const Rule& rule, std::uint8_t slot, std::string_view text) {
    if (rule.type == Type::kAny) return true;
    if (rule.type != Type::kString || text.size() < rule.chars_min) return false;
    if (rule.chars_min > 1 && count_code_points(text) < rule.chars_min) return false;
    if (text.size() > rule.chars_max && count_code_points(text) > rule.chars_max) return false;
    switch (rule.format) {
      case Format::kNone:
        break;
      case Format::kUuid: {
        const auto id = Uuid::parse(text);
        if (!id) return false;
        if (slot == event::kId) out_.id = *id;
        break;
      }
      case Format::kTime: {
        // A decision says its time twice.
        if (slot != event::kTime && out_.has(event::kTime) && text == out_.text(event::kTime)) break;
        const auto time = out_.times.parse(text);
        if (!time) return false;
        if (slot == event::kTime) out_.time = *time;
        break;
      }
      default:
        if (!has_format(text, rule.format)) return false;
    }
    // Rules of what follows hang on it.
    if (slot == event::kKind) return text == to_word(form_.kind_);
    if (rule.words.empty()) return true;
    for (const std::string_view word : rule.words) {
      if (word == text) return true;
    }
    return false;
  }

  bool number(const Rule* rule, Found::Value& read) {
    const std::size_t begin = tokens_[token_];
    if (const std::size_t digits = small_number(begin, read.number); digits > 0 && ends_at(begin + digits)) {
      read.text = line_.substr(begin, digits);
      ++token_;
      return rule == nullptr || rule->type == Type::kAny || number_fits(*rule, read.number);
    }
    const NumberText scanned = scan_number(line_.substr(begin));
    if (scanned.wrong != nullptr || !ends_at(begin + scanned.size)) return false;
    read.text = line_.substr(begin, scanned.size);
    ++token_;
    if (rule == nullptr || rule->type == Type::kAny) return true;
    read.number = to_double(read.text);
    return number_fits(*rule, read.number);
  }

  // Up to nine digits, which most numbers are. 0: it is something else.
  std::size_t small_number(std::size_t begin, double& number) const {
    std::uint32_t value = 0;
    std::size_t at = begin;
    for (; at < line_.size() && at - begin < 9 && line_[at] >= '0' && line_[at] <= '9'; ++at) {
      value = value * 10 + static_cast<std::uint32_t>(line_[at] - '0');
    }
    number = value;
    return at - begin > 1 && line_[begin] == '0' ? 0 : at - begin;
  }

  static bool number_fits(const Rule& rule, double number) {
    if (rule.type != Type::kInteger && rule.type != Type::kNumber) return false;
    if (rule.type == Type::kInteger && std::floor(number) != number) return false;
    return number >= rule.min && number <= rule.max;
  }

  // Where an element began: forms of it are tried one after the other.
  struct Mark {
    std::size_t token, next_escape, unescaped, counts, gates, files, failures;
  };
  [[nodiscard]] Mark here() const {
    return {token_,
            next_escape_,
            out_.unescaped_used,
            out_.counts.size(),
            out_.gates.size(),
            out_.files.size(),
            out_.failures.size()};
  }
  void back_to(const Mark& mark) {
    token_ = mark.token;
    next_escape_ = mark.next_escape;
    out_.unescaped_used = mark.unescaped;
    out_.counts.resize(mark.counts);
    out_.gates.resize(mark.gates);
    out_.files.resize(mark.files);
    out_.failures.resize(mark.failures);
    out_.files_ends.resize(mark.failures);
  }

  const Form& form_;
  std::string_view line_;
  std::span<const std::uint32_t> tokens_;
  Found& out_;
  std::size_t token_ = 0;
  std::size_t next_escape_;
};

bool Form::match(std::string_view line, std::span<const std::uint32_t> tokens, Found& found) const {
  found.clear();
  return FormMatcher(*this, line, tokens, found).match();
}

}  // namespace plumbline::codec
