// Names of attributes as an EventWriter remembers them. Not thread-safe.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/otlp/screen.h"

namespace plumbline::otlp {

// The names that are lifted into members of the event. One for each bit of a word.
inline constexpr std::array<std::string_view, 41> kKnownNames = {
    "gen_ai.operation.name",
    "gen_ai.provider.name",
    "gen_ai.system",
    "ai.model.provider",
    "gen_ai.request.model",
    "ai.model.id",
    "model",
    "gen_ai.response.model",
    "ai.response.model",
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.prompt_tokens",
    "ai.usage.inputTokens",
    "ai.usage.promptTokens",
    "input_tokens",
    "input_token_count",
    "gen_ai.usage.output_tokens",
    "gen_ai.usage.completion_tokens",
    "ai.usage.outputTokens",
    "ai.usage.completionTokens",
    "output_tokens",
    "output_token_count",
    "gen_ai.agent.id",
    "gen_ai.agent.name",
    "gen_ai.conversation.id",
    "gen_ai.thread.id",
    "conversation.id",
    "session.id",
    "gen_ai.tool.name",
    "ai.toolCall.name",
    "tool_name",
    "function_name",
    "gen_ai.tool.call.id",
    "ai.toolCall.id",
    "call_id",
    "gen_ai.tool.type",
    "tool_type",
    "error.type",
    "error_type",
    "event.name",
    "duration_ms",
    "vcs.repository.name",
};
inline constexpr std::array<std::string_view, 3> kMoreKnownNames = {
    "vcs.repository.url.full", "vcs.ref.head.name", "vcs.ref.head.revision"};
inline constexpr std::size_t kKnown = kKnownNames.size() + kMoreKnownNames.size();
static_assert(kKnown <= 64);

[[nodiscard]] constexpr std::string_view known_name(std::size_t index) {
  return index < kKnownNames.size() ? kKnownNames[index] : kMoreKnownNames[index - kKnownNames.size()];
}
// Does not compile for a name that is none of them.
[[nodiscard]] consteval std::uint8_t known(std::string_view name) {
  for (std::size_t i = 0; i < kKnown; ++i) {
    if (known_name(i) == name) return static_cast<std::uint8_t>(i);
  }
  throw "unknown name";
}

// A member whose last value is remembered.
struct Member {
  Member() = default;
  Member(std::string_view name, Screen* screen);

  std::string json;  // "name":
  Screen::Facts facts;
  std::string last_text, last_json;  // what left as it is: the text, and "name":"text"
};

struct Name : Member {
  Name(std::string_view name, Screen* screen);

  std::string text;
  int known = -1;          // index in the known names
  bool content = false;    // is_content
  std::uint64_t seen = 0;  // the last record that has it
};

class Names {
 public:
  explicit Names(Screen* screen) : screen_(screen) {}
  // `place`: which attribute of its record it is. Good until begin_record.
  [[nodiscard]] Name& of(std::string_view text, std::size_t place) {
    if (place < kPlaces && places_[place] != nullptr && places_[place]->text == text) return *places_[place];
    return look_up(text, place);
  }
  // Forgets when there is too much: programs that make names up begin again.
  void begin_record();

 private:
  // Programs write the same attributes in the same order: the last one at this place is tried first.
  static constexpr std::size_t kPlaces = 32;
  Name& look_up(std::string_view text, std::size_t place);

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const { return std::hash<std::string_view>{}(name); }
  };
  Screen* screen_;
  std::unordered_map<std::string, Name, Hash, std::equal_to<>> names_;
  std::array<Name*, kPlaces> places_{};
  std::size_t bytes_ = 0;
};

}  // namespace plumbline::otlp
