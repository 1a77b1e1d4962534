#include "core/redact/policy.h"

#include <algorithm>
#include <array>

#include "core/redact/detect.h"

namespace plumbline::redact {
namespace {

using codec::JsonValue;

// What makes an event the event that it is: the edge and the hash chain need them as they are.
constexpr std::array<std::string_view, 6> kFixed = {"id",   "kind",      "time",
                                                    "data", "data.hash", "data.prev_hash"};

Error wrong(std::string message) {
  return poison("redaction", std::move(message));
}

Status take_texts(const JsonValue& list, std::string_view name, std::vector<std::string>& out) {
  if (!list.is(JsonValue::Kind::kArray))
    return wrong("redaction." + std::string(name) + " is not a list of texts");
  for (const JsonValue& item : list.items()) {
    if (!item.is(JsonValue::Kind::kText) || item.text().empty())
      return wrong("redaction." + std::string(name) + " holds something that is not a text");
    out.emplace_back(item.text());
  }
  return ok_status();
}

Result<Rule> parse_rule(const JsonValue& table) {
  for (const auto& [name, value] : table.members()) {
    if (name != "path" && name != "action")
      return wrong("redaction.rule has no member " + name + "; known are path and action");
  }
  auto path = PathPattern::parse(table["path"].text());
  if (!path) return path.error();
  const std::string_view action = table["action"].text();
  Rule rule{std::move(*path), Action::kKeep};
  if (action == "drop") {
    rule.action = Action::kDrop;
  } else if (action == "hash") {
    rule.action = Action::kHash;
  } else if (action != "keep") {
    return wrong("redaction.rule for " + rule.path.text() + ": action is keep, drop or hash");
  }
  if (rule.action != Action::kKeep &&
      std::find(kFixed.begin(), kFixed.end(), rule.path.text()) != kFixed.end())
    return wrong("redaction.rule for " + rule.path.text() +
                 ": an event can't be sent without it; only keep fits");
  return rule;
}

Status take_rules(const JsonValue& list, std::vector<Rule>& out) {
  if (!list.is(JsonValue::Kind::kArray)) return wrong("write each rule as [[redaction.rule]]");
  for (const JsonValue& item : list.items()) {
    auto rule = parse_rule(item);
    if (!rule) return rule.error();
    out.push_back(std::move(*rule));
  }
  return ok_status();
}

}  // namespace

Result<PathPattern> PathPattern::parse(std::string_view text) {
  PathPattern pattern;
  pattern.text_ = text;
  if (text.empty()) return wrong("a redaction rule needs a path, such as data.attributes.\"user.name\"");
  while (true) {
    Part part;
    if (!text.empty() && text.front() == '"') {
      const std::size_t close = text.find('"', 1);
      if (close == text.npos) return wrong("redaction path " + pattern.text_ + ": a quote is not closed");
      part.name = text.substr(1, close - 1);
      text.remove_prefix(close + 1);
    } else {
      const std::size_t dot = std::min(text.find('.'), text.size());
      part.name = text.substr(0, dot);
      part.any = part.name == "*";
      part.deep = part.name == "**";
      text.remove_prefix(dot);
    }
    if (part.name.empty()) return wrong("redaction path " + pattern.text_ + " has an empty name");
    pattern.parts_.push_back(std::move(part));
    if (text.empty()) return pattern;
    if (text.front() != '.')
      return wrong("redaction path " + pattern.text_ + ": a dot is missing behind a quote");
    text.remove_prefix(1);
  }
}

// Greedy with one way back: what a `**` takes grows only when what follows it fails (as glob does).
bool PathPattern::matches(std::span<const std::string_view> path) const {
  std::size_t p = 0, i = 0, deep = parts_.size(), from = 0;
  while (i < path.size()) {
    if (p < parts_.size() && parts_[p].deep) {
      deep = p++;
      from = i;
    } else if (p < parts_.size() && (parts_[p].any || parts_[p].name == path[i])) {
      ++p;
      ++i;
    } else if (deep < parts_.size()) {
      p = deep + 1;
      i = ++from;
    } else {
      return false;
    }
  }
  while (p < parts_.size() && parts_[p].deep) ++p;
  return p == parts_.size();
}

Result<Policy> Policy::parse(const JsonValue& table) {
  Policy policy;
  for (const auto& [name, value] : table.members()) {
    Status taken = ok_status();
    if (name == "include_content") {
      if (!value.boolean()) return wrong("redaction.include_content is true or false");
      policy.include_content = *value.boolean();
    } else if (name == "rule") {
      taken = take_rules(value, policy.rules);
    } else if (name == "detectors_off") {
      taken = take_texts(value, name, policy.detectors_off);
    } else if (name == "allow") {
      taken = take_texts(value, name, policy.allow);
    } else {
      return wrong("redaction has no member " + name +
                   "; known are include_content, rule, detectors_off and allow");
    }
    if (!taken) return taken.error();
  }
  const auto& kinds = detector_kinds();
  for (const std::string& off : policy.detectors_off) {
    if (std::find(kinds.begin(), kinds.end(), off) == kinds.end())
      return wrong("redaction.detectors_off names " + off +
                   ", which is none; `plumb redact --kinds` lists them");
  }
  return policy;
}

const Rule* Policy::rule_of(std::span<const std::string_view> path) const {
  for (const Rule& rule : rules) {
    if (rule.path.matches(path)) return &rule;
  }
  return nullptr;
}

bool Policy::looks_for(std::string_view kind) const {
  return std::find(detectors_off.begin(), detectors_off.end(), kind) == detectors_off.end();
}

bool Policy::allows(std::string_view text) const {
  for (std::string_view entry : allow) {
    const bool front = entry.starts_with('*');
    if (front) entry.remove_prefix(1);
    const bool back = entry.ends_with('*');
    if (back) entry.remove_suffix(1);
    const bool fits = front && back ? text.find(entry) != text.npos
                      : front       ? text.ends_with(entry)
                      : back        ? text.starts_with(entry)
                                    : text == entry;
    if (fits) return true;
  }
  return false;
}

}  // namespace plumbline::redact
