// One walk over a JSON text that checks the profile (schemas/json-profile.md) everywhere and a Rule where it
// applies, and keeps the values that fields name slots for.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/codec/rules.h"
#include "core/codec/structure.h"
#include "core/limits.h"
#include "core/result.h"
#include "core/uuid.h"

namespace plumbline::codec {

// One value as it was read. `text`: unescaped of a string, else as it came.
struct Cell {
  std::string_view text;
  double number = 0;
  std::int64_t time_us = 0;  // Format::kTime
  Uuid uuid;                 // Format::kUuid
};

// Hears of values that are many (Rule::collect) and chooses the rule of Type::kByKind. Called before the text
// is known to be right: what it gathered counts only when walk says so.
class Collector {
 public:
  virtual ~Collector() = default;
  virtual void collected(std::uint8_t /*what*/, std::string_view /*name*/, const Cell& /*cell*/) {}
  // nullptr: not known yet; it is asked again when everything else was read. Then nullptr means no rule.
  virtual const Rule* rule_by_kind() { return nullptr; }
};

// Keeps its memory. Not thread-safe.
class Walker {
 public:
  // Poison "invalid_json" (the profile, whatever else is wrong) or "schema" (the first place that breaks its
  // rule).
  Status walk(std::string_view text, const Rule& root, Collector* collector);

  [[nodiscard]] bool has(std::uint8_t slot) const { return ((present_ >> slot) & 1) != 0; }
  // Until the next walk; meaningful when has(slot).
  [[nodiscard]] const Cell& cell(std::uint8_t slot) const { return cells_[slot]; }
  [[nodiscard]] std::string_view text(std::uint8_t slot) const {
    return has(slot) ? cells_[slot].text : std::string_view{};
  }
  [[nodiscard]] double number(std::uint8_t slot) const { return cells_[slot].number; }

 private:
  struct Step {
    std::string_view name;  // empty: a member no schema knows
    std::size_t index = 0;
    bool in_array = false;
  };
  struct Key {  // of a member that no shape names: `seen` tells of the others
    std::uint64_t hash = 0;
    std::string_view text;
  };
  struct Open {  // an object under way
    const Shape* shape = nullptr;
    const Rule* items = nullptr;
    std::size_t first_key = 0;
    std::uint64_t bloom = 0;
    std::uint64_t seen = 0;    // fields of the shape
    std::size_t expected = 0;  // the field that the next name is compared with first
    std::size_t members = 0;
  };

  bool value(const Rule* rule, std::uint8_t slot, std::string_view name);
  bool scalar(char first, const Rule* rule, Cell& cell, bool& null);
  bool object(const Rule* rule);
  bool member(Open& open);
  static const Field* field_of(Open& open, std::string_view key);
  bool array(const Rule* rule);
  bool string(std::string_view& out);
  bool number(std::string_view& out);
  bool literal(std::string_view word);
  [[nodiscard]] bool ends_value(std::size_t at) const;
  bool unescape(std::string_view raw, std::string_view& out);
  bool note_key(Open& open, std::string_view key);
  bool same_keys(const Open& open);
  bool later();

  const Rule* choose(const Rule* rule);
  void close(const Rule* rule, const Open& open);
  void check_text(const Rule& rule, Cell& cell);
  void check_number(const Rule& rule, Cell& cell);
  [[nodiscard]] char peek() const { return at_ < tokens_.size() ? text_[tokens_[at_]] : '\0'; }
  bool broken(std::string_view what);
  void refuse(std::string_view what, std::string_view below = {});
  void refuse_type(const Rule& rule);
  [[nodiscard]] std::string pointer() const;

  Structure structure_;
  std::string_view text_;
  std::span<const std::uint32_t> tokens_;
  std::size_t at_ = 0;  // next token
  Collector* collector_ = nullptr;
  std::size_t next_escape_ = 0;  // offset of the first backslash at or behind the string under way
  std::size_t depth_ = 0;
  std::array<Step, limits::kJsonDepthMax + 1> path_;
  std::vector<Key> keys_;
  std::vector<char> unescaped_;
  std::size_t unescaped_used_ = 0;
  std::array<Cell, 64> cells_;
  std::uint64_t present_ = 0;
  std::size_t later_at_ = 0;  // token of a value whose kind is not known yet
  std::uint8_t later_slot_ = kNoSlot;
  std::string_view later_name_;
  std::string broken_;
  std::string refused_;
};

}  // namespace plumbline::codec
