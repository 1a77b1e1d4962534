// How a form is made from a line that was taken.
#include <algorithm>

#include "core/codec/form.h"

namespace plumbline::codec {
namespace {

// Beyond, comparing gains nothing over walking: a line of so many different parts is not written again and
// again.
constexpr std::size_t kMembersMax = 512;
constexpr std::size_t kBytesMax = 16384;
constexpr std::size_t kElementsMax = 8;

}  // namespace

class FormLearner {
 public:
  FormLearner(Form& form, std::string_view line, std::span<const std::uint32_t> tokens)
      : form_(form), line_(line), tokens_(tokens) {}

  bool learn() {
    form_.root_ = {Form::Is::kObject, kNoSlot, &event::kEnvelope, 0, 0};
    return value(form_.root_);
  }

 private:
  [[nodiscard]] char at(std::size_t token) const { return line_[tokens_[token]]; }

  // From the value's first token to behind its last one.
  bool value(Form::Node& node) {
    if (node.rule != nullptr && node.rule->type == Type::kByKind) node.rule = &event::data_rule(form_.kind_);
    const char first = at(token_);
    if (first == '{') {
      node.is = Form::Is::kObject;
      return object(node);
    }
    if (first == '[') {
      node.is = Form::Is::kArray;
      return array(node);
    }
    node.is = Form::Is::kScalar;
    ++token_;
    return true;
  }

  bool object(Form::Node& node) {
    const Rule* rule = node.rule;
    const Shape* shape = rule != nullptr && rule->type == Type::kObject ? rule->shape : nullptr;
    const Rule* items = rule != nullptr && rule->type == Type::kMap ? rule->items : nullptr;
    std::vector<Form::Member> members;
    if (at(token_ + 1) == '}') {
      token_ += 2;
    } else {
      for (;;) {
        Form::Member& member = members.emplace_back();
        if (!name(member)) return false;
        const std::string_view key =
            std::string_view(form_.bytes_).substr(member.bytes_at + member.name_at, member.name);
        member.value.rule = items;
        if (shape != nullptr) {
          for (const Field& field : shape->fields) {
            if (field.name != key) continue;
            member.value.rule = field.rule;
            member.value.slot = field.slot;
          }
        }
        Form::Node inner = member.value;
        if (!value(inner)) return false;
        members.back().value = inner;
        if (at(token_) == '}') break;
      }
      ++token_;
    }
    node.first = static_cast<std::uint32_t>(form_.members_.size());
    node.count = static_cast<std::uint32_t>(members.size());
    form_.members_.insert(form_.members_.end(), members.begin(), members.end());
    return form_.members_.size() <= kMembersMax;
  }

  // From the bracket or comma in front to the value's first token.
  bool name(Form::Member& member) {
    const std::size_t begin = tokens_[token_], quote = tokens_[token_ + 1], colon = tokens_[token_ + 2],
                      end = tokens_[token_ + 3];
    const std::string_view bytes = line_.substr(begin, end - begin);
    if (bytes.find('\\') != std::string_view::npos || form_.bytes_.size() + bytes.size() > kBytesMax)
      return false;
    const std::size_t close = line_.substr(0, colon).rfind('"');
    member.bytes_at = static_cast<std::uint32_t>(form_.bytes_.size());
    member.bytes = static_cast<std::uint32_t>(bytes.size());
    member.name_at = static_cast<std::uint32_t>(quote + 1 - begin);
    member.name = static_cast<std::uint32_t>(close - quote - 1);
    form_.bytes_.append(bytes);
    token_ += 3;
    return true;
  }

  bool array(Form::Node& node) {
    const bool known = node.rule != nullptr && node.rule->type == Type::kArray;
    const Rule* items = known ? node.rule->items : nullptr;
    std::vector<Form::Node> different;
    if (at(token_ + 1) == ']') {
      token_ += 2;
    } else {
      do {
        ++token_;
        Form::Node element;
        element.rule = items;
        if (!value(element)) return false;
        if (element.is == Form::Is::kScalar) continue;
        const bool seen = std::any_of(different.begin(), different.end(),
                                      [&](const Form::Node& one) { return same(one, element); });
        if (seen) continue;
        if (different.size() == kElementsMax) return false;
        different.push_back(element);
      } while (at(token_) == ',');
      ++token_;
    }
    node.first = static_cast<std::uint32_t>(form_.elements_.size());
    node.count = static_cast<std::uint32_t>(different.size());
    form_.elements_.insert(form_.elements_.end(), different.begin(), different.end());
    return true;
  }

  [[nodiscard]] bool same(const Form::Node& a, const Form::Node& b) const {
    if (a.is != b.is || a.count != b.count || a.rule != b.rule || a.slot != b.slot) return false;
    for (std::uint32_t i = 0; i < a.count; ++i) {
      if (a.is == Form::Is::kArray) {
        if (!same(form_.elements_[a.first + i], form_.elements_[b.first + i])) return false;
        continue;
      }
      const Form::Member& mine = form_.members_[a.first + i];
      const Form::Member& other = form_.members_[b.first + i];
      if (form_.bytes_.compare(mine.bytes_at, mine.bytes, form_.bytes_, other.bytes_at, other.bytes) != 0 ||
          !same(mine.value, other.value)) {
        return false;
      }
    }
    return true;
  }

  Form& form_;
  std::string_view line_;
  std::span<const std::uint32_t> tokens_;
  std::size_t token_ = 0;
};

bool Form::learn(std::string_view line, std::span<const std::uint32_t> tokens, Kind kind) {
  *this = {};
  kind_ = kind;
  return FormLearner(*this, line, tokens).learn();
}

}  // namespace plumbline::codec
