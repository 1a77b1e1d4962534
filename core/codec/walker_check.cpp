// What rules say of values, and the words for what is wrong.
#include <cmath>
#include <string>

#include "core/codec/text.h"
#include "core/codec/walker.h"
#include "core/time.h"

namespace plumbline::codec {
namespace {

std::string_view type_words(Type type) {
  switch (type) {
    case Type::kString:
      return "must be a string";
    case Type::kInteger:
      return "must be an integer";
    case Type::kNumber:
      return "must be a number";
    case Type::kBoolean:
      return "must be true or false";
    case Type::kObject:
    case Type::kMap:
    case Type::kByKind:
      return "must be an object";
    case Type::kArray:
      return "must be an array";
    case Type::kAny:
      break;
  }
  return "is not allowed";
}

std::string bound_words(double bound) {
  const std::string text = std::to_string(bound);
  return text.substr(0, text.find('.'));
}

}  // namespace

// The rule that an object is judged by; a rule of another type has been refused then.
const Rule* Walker::choose(const Rule* rule) {
  if (rule == nullptr || rule->type == Type::kAny) return nullptr;
  if (rule->type == Type::kObject || rule->type == Type::kMap) return rule;
  refuse_type(*rule);
  return nullptr;
}

void Walker::close(const Rule* rule, const Open& open) {
  if (rule == nullptr) return;
  if (open.members > rule->items_max) refuse("has more than " + std::to_string(rule->items_max) + " members");
  if (open.shape == nullptr) return;
  const std::uint64_t missing = open.shape->required_mask & ~open.seen;
  if (missing != 0) {
    for (std::size_t i = 0; i < open.shape->fields.size(); ++i) {
      if (((missing >> i) & 1) != 0) return refuse("is missing", open.shape->fields[i].name);
    }
  }
  const Needs needs = open.shape->needs;
  if (needs.first != kNoSlot && ((open.seen >> needs.first) & 1) != 0 &&
      ((open.seen >> needs.second) & 1) == 0) {
    refuse("is missing beside " + std::string(open.shape->fields[needs.first].name),
           open.shape->fields[needs.second].name);
  }
}

void Walker::check_text(const Rule& rule, Cell& cell) {
  if (rule.type == Type::kAny) return;
  if (rule.type != Type::kString) return refuse_type(rule);
  const std::string_view text = cell.text;
  if (text.size() < rule.chars_min)
    return refuse("must have at least " + std::to_string(rule.chars_min) + " characters");
  if (rule.chars_min > 1 && count_code_points(text) < rule.chars_min) {
    return refuse("must have at least " + std::to_string(rule.chars_min) + " characters");
  }
  if (text.size() > rule.chars_max && count_code_points(text) > rule.chars_max) {
    return refuse("must have at most " + std::to_string(rule.chars_max) + " characters");
  }
  if (rule.format == Format::kUuid) {
    const auto uuid = Uuid::parse(text);
    if (!uuid) return refuse(format_words(rule.format));
    cell.uuid = *uuid;
  } else if (rule.format == Format::kTime) {
    const auto time = parse_rfc3339(text);
    if (!time) return refuse(format_words(rule.format));
    cell.time_us = time->value;
  } else if (rule.format != Format::kNone && !has_format(text, rule.format)) {
    return refuse(format_words(rule.format));
  }
  if (rule.words.empty()) return;
  std::string allowed;
  for (const std::string_view word : rule.words) {
    if (word == text) return;
  }
  for (const std::string_view word : rule.words) allowed.append(allowed.empty() ? "" : ", ").append(word);
  refuse("must be one of: " + allowed);
}

void Walker::check_number(const Rule& rule, Cell& cell) {
  if (rule.type == Type::kAny) return;
  if (rule.type != Type::kInteger && rule.type != Type::kNumber) return refuse_type(rule);
  cell.number = to_double(cell.text);
  if (rule.type == Type::kInteger && std::floor(cell.number) != cell.number) return refuse_type(rule);
  if (cell.number < rule.min) return refuse("must be at least " + bound_words(rule.min));
  if (cell.number > rule.max) return refuse("must be at most " + bound_words(rule.max));
}

void Walker::refuse_type(const Rule& rule) {
  refuse(type_words(rule.type));
}

// Only the first place that breaks a rule is told.
void Walker::refuse(std::string_view what, std::string_view below) {
  if (!refused_.empty()) return;
  refused_ = pointer();
  if (!below.empty()) refused_.append("/").append(below);
  if (refused_.empty()) refused_ = "the document";
  refused_.append(" ").append(what);
}

bool Walker::broken(std::string_view what) {
  broken_ = pointer();
  if (broken_.empty()) broken_ = "the document";
  broken_.append(" ").append(what);
  return false;
}

// A JSON pointer (RFC 6901). A name that no schema knows is the sender's content: `*` stands for it.
std::string Walker::pointer() const {
  std::string out;
  for (std::size_t i = 0; i < depth_; ++i) {
    out += '/';
    if (path_[i].in_array) {
      out += std::to_string(path_[i].index);
    } else {
      out += path_[i].name.empty() ? std::string_view("*") : path_[i].name;
    }
  }
  return out;
}

}  // namespace plumbline::codec
