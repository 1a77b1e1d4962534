// The parts of an EventWriter: event_values.cpp writes values and members, events.cpp what an event is made
// of. Included by those two only.
#pragma once
#include <array>
#include <charconv>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "core/otlp/events.h"
#include "core/otlp/names.h"

namespace plumbline::otlp {

// Eight times what SDKs keep by default; bounds the search for repeated keys. What is over it is left out.
inline constexpr std::size_t kAttributesMax = 1024;
// No detector of core/redact takes so few characters, or so few digits, for anything.
inline constexpr std::size_t kScreenedLeast = 6;
inline constexpr std::int64_t kNumberScreenedLeast = 100'000'000'000;

// At most `bytes`, at a character's end.
[[nodiscard]] std::string_view cut(std::string_view text, std::size_t bytes = limits::kNameBytesMax);
// Appends a JSON string.
void append_text(std::string& out, std::string_view text);

// The event is written front to back; `settled_` falls when the screen objects to anything in it.
struct EventWriter::Impl {
  explicit Impl(Screen* with);

  Status write(const Request& request, const EventOptions& with, EventLines& to);

 private:
  void begin_resource(const Resource& resource);
  void event(const Scope& of_scope, const Record& record);
  void index(const Record& record);
  void write_data(const Scope& of_scope, const Record& record);
  void write_status(const Record& record);
  void lift();
  void rest(const Record& record);
  void write_events(const Record& record);
  std::string_view name_of(const Record& record);
  [[nodiscard]] TimeUs time_of(const Record& record) const;

  // Members of the object under way.
  void comma() {
    if (out->back() != '{' && out->back() != '[') *out += ',';
  }
  void begin(const Member& of, bool texts) {
    comma();
    *out += of.json;
    if (!of.facts.clean || (texts && of.facts.drops_texts)) settled = false;
  }
  void text(Member& of, std::string_view value);
  void number(const Member& of, std::uint64_t value) {
    begin(of, false);
    write_number(value, of.facts.identifier);
  }
  void member(Member& of, const Value& value);
  void pairs(Attributes from, const Value* body = nullptr);
  void element(const Value& value);

  template <class T>
  void write_number(T value, bool identifier) {
    char digits[24];
    const std::string_view written(
        digits, static_cast<std::size_t>(std::to_chars(digits, digits + sizeof digits, value).ptr - digits));
    const auto whole = static_cast<std::int64_t>(value);
    if (whole >= kNumberScreenedLeast || whole <= -kNumberScreenedLeast) look(written, identifier);
    *out += written;
  }
  void write_text(std::string_view value, bool identifier) {
    look(value, identifier);
    append_text(*out, value);
  }
  void write_time(TimeUs at);
  void look(std::string_view value, bool identifier) {
    if (value.size() >= kScreenedLeast && settled && !screen->passes(value, identifier)) settled = false;
  }
  void write_double(double value, bool identifier, bool secret);

  [[nodiscard]] const Value* known_value(std::size_t key) const {
    return (present >> key & 1) != 0 ? known_values[key] : nullptr;
  }
  // Of the record, else of its resource.
  [[nodiscard]] std::string_view first_text(std::initializer_list<std::uint8_t> keys) const {
    for (const std::uint8_t key : keys) {
      const Value* value = known_value(key);
      if (value != nullptr && value->kind() == Value::Kind::kText && !value->text().empty())
        return cut(value->text());
    }
    for (const std::uint8_t key : keys) {
      if (!resource_texts[key].empty()) return cut(resource_texts[key]);
    }
    return {};
  }

  Screen* const screen;
  Names names;
  Member agent, session, repo, branch, commit, version, data, signal, name, trace_id, span_id, parent_span_id,
      span_kind, status, status_message, duration_us, scope, attributes, resource, events, time;
  std::vector<Member> lifts;

  // Of the request under way.
  const EventOptions* options = nullptr;
  Signal of_signal = Signal::kTraces;
  std::string* out = nullptr;
  bool settled = false;

  // Of the resource.
  std::string_view agent_name;
  std::string_view service_version;
  std::string resource_json;  // every event of the resource has it
  bool resource_settled = false;
  std::array<std::string_view, kKnown> resource_texts;

  // Of the record.
  std::uint64_t record_number = 0;
  std::vector<Name*> row;  // of each attribute; nullptr: its key was there before
  std::uint64_t present = 0, lifted_keys = 0;
  std::array<const Value*, kKnown> known_values{};

  // The last second that was written.
  std::int64_t second = std::numeric_limits<std::int64_t>::min();
  std::string second_text;
};

}  // namespace plumbline::otlp
