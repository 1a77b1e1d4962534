// What the walker checks while it walks: the JSON Schemas of schemas/ as constant tables (event_rules.cpp,
// record_rules.cpp). One table entry is one schema keyword; tests/property and the golden examples keep both
// the same.
#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

namespace plumbline::codec {

enum class Type : std::uint8_t {
  kAny,
  kString,
  kInteger,  // a number without fraction, as JSON Schema has it: 1.0 and 1e2 too
  kNumber,
  kBoolean,
  kObject,  // `shape` names the members it knows; others are only judged by the profile
  kMap,     // an object whose every member is `items`
  kArray,   // each of `items`
  kByKind,  // an object whose rule the collector chooses by what was read before
};

enum class Format : std::uint8_t {
  kNone,
  kUuid,  // format "uuid"
  kTime,  // format "date-time", as core/time.h reads it
  kHash,  // 64 lower-case hexadecimal digits
  kHashOrEmpty,
  kKeyId,   // [A-Za-z0-9_-]
  kBase64,  // RFC 4648 section 4 with padding
  kWord,    // [a-z0-9_]
};

struct Shape;

struct Rule {
  Type type = Type::kAny;
  bool nullable = false;
  Format format = Format::kNone;
  std::uint8_t collect = 0;     // not 0: each value goes to the collector under this number
  std::uint32_t chars_min = 0;  // code points
  std::uint32_t chars_max = std::numeric_limits<std::uint32_t>::max();
  std::uint32_t items_max = std::numeric_limits<std::uint32_t>::max();  // of an array or a map
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  std::span<const std::string_view> words{};  // when not empty, one of these
  const Shape* shape = nullptr;
  const Rule* items = nullptr;
};

inline constexpr std::uint8_t kNoSlot = 255;

struct Field {
  std::string_view name;
  const Rule* rule = nullptr;
  std::uint8_t slot = kNoSlot;  // where its value is kept
  bool required = false;
};

// `needs`: when field [first] is there, field [second] must be, too.
struct Needs {
  std::uint8_t first = kNoSlot;
  std::uint8_t second = kNoSlot;
};

struct Shape {
  std::span<const Field> fields;  // at most 64, in the order that senders write them
  Needs needs{};
  std::uint64_t required_mask = 0;  // by field
  std::uint64_t slots_mask = 0;     // by slot

  constexpr explicit Shape(std::span<const Field> all, Needs pair = {}) : fields(all), needs(pair) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (all[i].required) required_mask |= std::uint64_t{1} << i;
      if (all[i].slot != kNoSlot) slots_mask |= std::uint64_t{1} << all[i].slot;
    }
  }
};

}  // namespace plumbline::codec
