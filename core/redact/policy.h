// What may leave: the operator's rules on top of "metadata only". Values; immutable once made, then
// thread-safe. docs/redaction.md is the user's page.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/codec/json_value.h"
#include "core/result.h"

namespace plumbline::redact {

enum class Action : std::uint8_t { kKeep, kDrop, kHash };

// A path into an event: names and element numbers separated by dots; `*` is any one of them, `**` any number.
// A name with a dot in it is quoted: data.attributes."gen_ai.prompt".
class PathPattern {
 public:
  // Poison "redaction": empty, or a quote that is not closed.
  [[nodiscard]] static Result<PathPattern> parse(std::string_view text);
  [[nodiscard]] bool matches(std::span<const std::string_view> path) const;
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  struct Part {
    std::string name;
    bool any = false, deep = false;
  };
  std::string text_;
  std::vector<Part> parts_;
};

struct Rule {
  PathPattern path;
  Action action = Action::kKeep;
};

struct Policy {
  bool include_content =
      false;                // prompts, messages and outputs leave too; detectors look at them all the same
  std::vector<Rule> rules;  // the first that matches decides; it goes before "metadata only"
  std::vector<std::string> detectors_off;
  std::vector<std::string>
      allow;             // texts that detectors leave alone; a `*` at either end stands for anything
  std::string hash_key;  // of Action::kHash: the same value gives the same word only under one key

  // From the table [redaction] of a configuration (docs/redaction.md). Poison "redaction" names the member,
  // what is wrong and what is known.
  [[nodiscard]] static Result<Policy> parse(const codec::JsonValue& table);

  [[nodiscard]] const Rule* rule_of(std::span<const std::string_view> path) const;
  [[nodiscard]] bool looks_for(std::string_view kind) const;
  [[nodiscard]] bool allows(std::string_view text) const;
};

}  // namespace plumbline::redact
