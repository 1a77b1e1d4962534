#include "sinks/channel/channel.h"

#include <array>
#include <utility>

namespace plumbline::channel {
namespace {

constexpr std::array<std::pair<Kind, std::string_view>, 4> kKinds{{{Kind::kSlackWebhook, "slack_webhook"},
                                                                   {Kind::kSlackApp, "slack_app"},
                                                                   {Kind::kEmail, "email"},
                                                                   {Kind::kWebhook, "webhook"}}};
constexpr std::array<std::pair<Severity, std::string_view>, 5> kSeverities{
    {{Severity::kInfo, "info"},
     {Severity::kLow, "low"},
     {Severity::kMedium, "medium"},
     {Severity::kHigh, "high"},
     {Severity::kCritical, "critical"}}};

template <class Table, class Value>
std::string_view word_in(const Table& table, Value value) {
  for (const auto& [known, text] : table) {
    if (known == value) return text;
  }
  return {};
}

template <class Value, class Table>
std::optional<Value> value_in(const Table& table, std::string_view text) {
  for (const auto& [known, word] : table) {
    if (word == text) return known;
  }
  return std::nullopt;
}

}  // namespace

std::string_view word(Kind kind) {
  return word_in(kKinds, kind);
}
std::optional<Kind> parse_kind(std::string_view text) {
  return value_in<Kind>(kKinds, text);
}
std::string_view word(Severity severity) {
  return word_in(kSeverities, severity);
}
std::optional<Severity> parse_severity(std::string_view text) {
  return value_in<Severity>(kSeverities, text);
}

}  // namespace plumbline::channel
