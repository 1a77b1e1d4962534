// The form of a line: its names, its nesting and the rules that hold for its values, learned from a line that
// the Decoder took. A machine writes the same form again and again; a line that keeps one is proven right by
// comparing the bytes between its values and checking the values alone: no names are looked up, told apart or
// remembered. What keeps a form is what the Decoder would take, with the same result; what does not may be
// right all the same, and is the Decoder's to judge.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/codec/rules.h"
#include "core/codec/slots.h"

namespace plumbline::codec {

// What a match found. Views borrow from the line and from here.
struct Found : Lists {
  struct Value {
    std::string_view text;
    double number = 0;
  };
  Kind kind = Kind::kDecision;
  Uuid id;
  TimeUs time;
  Rfc3339Reader times;
  std::uint64_t present = 0;  // by slot
  Value values[64];
  std::vector<char> unescaped;
  std::size_t unescaped_used = 0;

  [[nodiscard]] bool has(std::uint8_t slot) const { return ((present >> slot) & 1) != 0; }
  [[nodiscard]] std::string_view text(std::uint8_t slot) const {
    return has(slot) ? values[slot].text : std::string_view{};
  }
  [[nodiscard]] double number(std::uint8_t slot) const { return values[slot].number; }
  void clear();
};

// A value. Plain data; everything else is by index into the Form's vectors.
class Form {
 public:
  // Of a line that the Decoder took as `kind`, with its tokens (Structure). False: it is too large or too
  // mixed to be worth it.
  bool learn(std::string_view line, std::span<const std::uint32_t> tokens, Kind kind);
  // True: the line is right, and `found` is what is in it. Otherwise `found` is undefined.
  bool match(std::string_view line, std::span<const std::uint32_t> tokens, Found& found) const;
  [[nodiscard]] Kind kind() const { return kind_; }

 private:
  friend class FormLearner;
  friend class FormMatcher;

  enum class Is : std::uint8_t { kScalar, kObject, kArray };
  // An object's members or an array's elements are `count` of the vectors below, from `first` on.
  struct Node {
    Is is = Is::kScalar;
    std::uint8_t slot = kNoSlot;
    const Rule* rule = nullptr;  // nullptr: judged by the profile only
    std::uint32_t first = 0, count = 0;
  };
  // What stands between the last value and this one: `{"name":` or `,"name":`, with its spaces.
  struct Member {
    std::uint32_t bytes_at = 0, bytes = 0;
    std::uint32_t name_at = 0, name = 0;  // within those bytes
    Node value;
  };

  Kind kind_ = Kind::kDecision;
  Node root_;
  std::string bytes_;
  std::vector<Member> members_;
  std::vector<Node> elements_;  // of arrays: the different objects and arrays that were seen in one
};

}  // namespace plumbline::codec
