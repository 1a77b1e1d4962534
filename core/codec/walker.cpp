// The walk: tokens to values, and the profile. What rules say of them stands in walker_check.cpp.
#include "core/codec/walker.h"

#include <algorithm>
#include <cstring>

#include "core/codec/text.h"

namespace plumbline::codec {
namespace {

// Names compared one by one; objects with more are sorted once, at their end.
constexpr std::size_t kLinearKeys = 32;

std::size_t find_escape(std::string_view text, std::size_t from) {
  if (from >= text.size()) return text.size();
  const void* found = std::memchr(text.data() + from, '\\', text.size() - from);
  return found == nullptr ? text.size()
                          : static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

// Names are short: two overlapping loads instead of a call.
template <class Word>
bool same_ends(const char* a, const char* b, std::size_t size) {
  Word first_a, first_b, last_a, last_b;
  std::memcpy(&first_a, a, sizeof(Word));
  std::memcpy(&first_b, b, sizeof(Word));
  std::memcpy(&last_a, a + size - sizeof(Word), sizeof(Word));
  std::memcpy(&last_b, b + size - sizeof(Word), sizeof(Word));
  return ((first_a ^ first_b) | (last_a ^ last_b)) == 0;
}

bool same_name(std::string_view a, std::string_view b) {
  const std::size_t size = a.size();
  if (size != b.size()) return false;
  if (size > 16) return a == b;
  if (size >= 8) return same_ends<std::uint64_t>(a.data(), b.data(), size);
  if (size >= 4) return same_ends<std::uint32_t>(a.data(), b.data(), size);
  if (size >= 2) return same_ends<std::uint16_t>(a.data(), b.data(), size);
  return size == 0 || a[0] == b[0];
}

}  // namespace

Status Walker::walk(std::string_view text, const Rule& root, Collector* collector) {
  text_ = text;
  at_ = 0;
  collector_ = collector;
  depth_ = 0;
  keys_.clear();
  unescaped_used_ = 0;
  present_ = 0;
  later_slot_ = kNoSlot;
  broken_.clear();
  refused_.clear();
  if (const char* wrong = structure_.index(text)) {
    return poison("invalid_json", std::string("the text ") + wrong);
  }
  tokens_ = structure_.tokens();
  next_escape_ = find_escape(text, 0);
  bool right = value(&root, kNoSlot, {});
  if (right && at_ != tokens_.size()) right = broken("is followed by more than white space");
  if (right && later_slot_ != kNoSlot) right = later();
  if (!right) return poison("invalid_json", std::move(broken_));
  if (!refused_.empty()) return poison("schema", std::move(refused_));
  return ok_status();
}

// Walks what stood before its kind was known, this time with its rule.
bool Walker::later() {
  const Rule* rule = collector_->rule_by_kind();
  if (rule == nullptr) return true;
  at_ = later_at_;
  next_escape_ = find_escape(text_, tokens_[at_]);
  depth_ = 1;
  path_[0] = {later_name_};
  const bool right = value(rule, later_slot_, later_name_);
  depth_ = 0;
  return right;
}

bool Walker::value(const Rule* rule, std::uint8_t slot, std::string_view name) {
  if (rule != nullptr && rule->type == Type::kByKind) {
    const Rule* chosen = collector_->rule_by_kind();
    if (chosen == nullptr) {
      later_at_ = at_;
      later_slot_ = slot;
      later_name_ = name;
    }
    rule = chosen;
  }
  if (at_ >= tokens_.size()) return broken("ends where a value must follow");
  const std::size_t begin = tokens_[at_];
  const char first = text_[begin];
  Cell cell;
  bool null = false;
  if (first == '{' || first == '[') {
    if (!(first == '{' ? object(rule) : array(rule))) return false;
    cell.text = text_.substr(begin, tokens_[at_ - 1] + 1 - begin);
  } else if (!scalar(first, rule, cell, null)) {
    return false;
  }
  if (null || rule == nullptr) return true;
  if (slot != kNoSlot) {
    cells_[slot] = cell;
    present_ |= std::uint64_t{1} << slot;
  }
  // Once refused nothing is asked of what was collected: a collector sees only what keeps its rule's bounds.
  if (rule->collect != 0 && collector_ != nullptr && refused_.empty())
    collector_->collected(rule->collect, name, cell);
  return true;
}

bool Walker::scalar(char first, const Rule* rule, Cell& cell, bool& null) {
  if (first == '"') {
    if (!string(cell.text)) return false;
    if (rule != nullptr) check_text(*rule, cell);
    return true;
  }
  if (first == '-' || (first >= '0' && first <= '9')) {
    if (!number(cell.text)) return false;
    if (rule != nullptr) check_number(*rule, cell);
    return true;
  }
  null = first == 'n';
  const std::string_view word = null ? "null" : first == 't' ? "true" : "false";
  if (!literal(word)) return false;
  cell.text = word;
  if (rule == nullptr || rule->type == Type::kAny) return true;
  if (null ? !rule->nullable : rule->type != Type::kBoolean) refuse_type(*rule);
  return true;
}

// What may stand behind a number or a word.
bool Walker::ends_value(std::size_t at) const {
  if (at >= text_.size()) return true;
  const char next = text_[at];
  return next == ',' || next == ']' || next == '}' || is_space(next);
}

bool Walker::literal(std::string_view word) {
  const std::size_t begin = tokens_[at_];
  if (text_.compare(begin, word.size(), word) != 0) return broken("is no JSON value");
  const std::size_t end = begin + word.size();
  if (!ends_value(end)) return broken("is no JSON value");
  ++at_;
  return true;
}

bool Walker::number(std::string_view& out) {
  const std::size_t begin = tokens_[at_];
  const NumberText scanned = scan_number(text_.substr(begin));
  if (scanned.wrong != nullptr) return broken(scanned.wrong);
  const std::size_t end = begin + scanned.size;
  if (!ends_value(end)) return broken("is no number");
  out = text_.substr(begin, scanned.size);
  ++at_;
  return true;
}

bool Walker::string(std::string_view& out) {
  const std::size_t begin = tokens_[at_] + 1;
  ++at_;
  std::size_t end = (at_ < tokens_.size() ? tokens_[at_] : text_.size()) - 1;
  while (is_space(text_[end])) --end;  // stops at the opening quote at the latest
  if (end < begin || text_[end] != '"')
    return broken("has something behind a string that does not belong there");
  out = text_.substr(begin, end - begin);
  if (next_escape_ >= end) return true;
  return unescape(out, out);
}

bool Walker::unescape(std::string_view raw, std::string_view& out) {
  // No unescaped text is longer than its source, so this grows only before the first one: views stay valid.
  if (unescaped_.size() < text_.size() * 2) {
    if (unescaped_used_ == 0) unescaped_.resize(text_.size() * 2);
  }
  char* const start = unescaped_.data() + unescaped_used_;
  const Unescaped text = codec::unescape(raw, start);
  if (text.wrong != nullptr) return broken(text.wrong);
  unescaped_used_ += text.size;
  const std::size_t behind = static_cast<std::size_t>(raw.data() - text_.data()) + raw.size();
  next_escape_ = find_escape(text_, behind);
  out = {start, text.size};
  return true;
}

bool Walker::array(const Rule* rule) {
  if (depth_ >= static_cast<std::size_t>(limits::kJsonDepthMax)) return broken("nests deeper than 64 levels");
  const bool right_type = rule == nullptr || rule->type == Type::kArray || rule->type == Type::kAny;
  if (!right_type) refuse_type(*rule);
  const Rule* items = right_type && rule != nullptr ? rule->items : nullptr;
  ++at_;
  if (peek() == ']') return ++at_, true;
  Step& step = path_[depth_++];
  step = {{}, 0, true};
  for (;; ++step.index) {
    if (rule != nullptr && right_type && step.index == rule->items_max) refuse("has more items than allowed");
    if (!value(items, kNoSlot, {})) return false;
    const char next = peek();
    ++at_;
    if (next == ']') break;
    if (next != ',') return broken("is not followed by a comma or the end of its array");
  }
  --depth_;
  return true;
}

bool Walker::object(const Rule* rule) {
  if (depth_ >= static_cast<std::size_t>(limits::kJsonDepthMax)) return broken("nests deeper than 64 levels");
  rule = choose(rule);
  Open open;
  open.first_key = keys_.size();
  if (rule != nullptr) {
    open.shape = rule->type == Type::kObject ? rule->shape : nullptr;
    open.items = rule->type == Type::kMap ? rule->items : nullptr;
  }
  if (open.shape != nullptr) present_ &= ~open.shape->slots_mask;
  ++at_;
  if (peek() == '}') {
    ++at_;
  } else {
    ++depth_;
    for (;;) {
      if (!member(open)) return false;
      const char next = peek();
      ++at_;
      if (next == '}') break;
      if (next != ',') return broken("is not followed by a comma or the end of its object");
    }
    --depth_;
    if (!same_keys(open)) return false;
  }
  close(rule, open);
  keys_.resize(open.first_key);
  return true;
}

bool Walker::member(Open& open) {
  Step& step = path_[depth_ - 1];
  step = {};
  std::string_view key;
  if (peek() != '"') return broken("must be a member name in quotes");
  if (!string(key)) return false;
  ++open.members;
  const Field* const field = open.shape == nullptr ? nullptr : field_of(open, key);
  if (field != nullptr) {
    const std::uint64_t bit = std::uint64_t{1} << (field - open.shape->fields.data());
    if ((open.seen & bit) != 0) {
      step.name = field->name;
      return broken("is there twice");
    }
    open.seen |= bit;
  } else if (!note_key(open, key)) {
    return broken("is there twice");
  }
  if (peek() != ':') return broken("is a member name without a colon");
  ++at_;
  if (field == nullptr) return value(open.items, kNoSlot, key);
  step.name = field->name;
  return value(field->rule, field->slot, field->name);
}

// Members mostly come in the order that the schema names them in.
const Field* Walker::field_of(Open& open, std::string_view key) {
  const auto fields = open.shape->fields;
  for (std::size_t tried = 0; tried < fields.size(); ++tried) {
    const Field& field = fields[open.expected];
    if (++open.expected == fields.size()) open.expected = 0;
    if (same_name(field.name, key)) return &field;
  }
  return nullptr;
}

// False when the name is there already. Beyond kLinearKeys same_keys looks.
bool Walker::note_key(Open& open, std::string_view key) {
  const std::uint64_t hash = name_hash(key);
  const std::uint64_t bit = std::uint64_t{1} << (hash & 63);
  if ((open.bloom & bit) != 0 && keys_.size() - open.first_key <= kLinearKeys) {
    for (std::size_t i = open.first_key; i < keys_.size(); ++i) {
      if (keys_[i].hash == hash && keys_[i].text == key) return false;
    }
  }
  open.bloom |= bit;
  keys_.push_back({hash, key});
  return true;
}

bool Walker::same_keys(const Open& open) {
  if (keys_.size() - open.first_key <= kLinearKeys) return true;
  const auto first = keys_.begin() + static_cast<std::ptrdiff_t>(open.first_key);
  std::sort(first, keys_.end(),
            [](const Key& a, const Key& b) { return a.hash != b.hash ? a.hash < b.hash : a.text < b.text; });
  const auto twice = std::adjacent_find(
      first, keys_.end(), [](const Key& a, const Key& b) { return a.hash == b.hash && a.text == b.text; });
  return twice == keys_.end() || broken("has a member name twice");
}

}  // namespace plumbline::codec
