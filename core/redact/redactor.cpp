#include "core/redact/redactor.h"

#include <algorithm>
#include <array>
#include <set>

#include "core/codec/json_writer.h"
#include "core/crypto/hmac.h"
#include "core/otlp/events.h"
#include "core/redact/json_scan.h"

namespace plumbline::redact {
namespace {

constexpr std::size_t kHashChars = 32;  // 128 bits
// Names that are remembered: far more than the conventions have. Programs that make names up begin again.
constexpr std::size_t kNamesMax = 4096;
constexpr std::size_t kNameBytesMax = 256;

// Beyond the conventions of core/otlp: AtlasBridge's decisions, sessions and prompts, and what programs
// print.
constexpr std::array<std::string_view, 18> kContent = {
    "action_value", "explanation", "status_message", "excerpt",    "response_normalized",
    "messages",     "prompts",     "completions",    "transcript", "stdout",
    "stderr",       "snippet",     "diff",           "patch",      "reply",
    "thinking",     "reasoning",   "instructions"};
// Rigour runs these of a project's own commands and puts what they print into `details` (gates/runner.js).
constexpr std::array<std::string_view, 4> kCommandGates = {"format", "lint", "typecheck", "test"};
// As they stand in a report's summary (schemas/events/common.v1.json).
constexpr std::array<std::string_view, 4> kStatuses = {R"("PASS")", R"("FAIL")", R"("SKIP")", R"("ERROR")"};

// The text of a JSON string; `kept` holds it where it is not the same bytes.
std::string_view text_of(std::string_view raw, std::string& kept) {
  if (raw.size() >= 2 && raw.find('\\') == raw.npos) return raw.substr(1, raw.size() - 2);
  kept = unescaped(raw);
  return kept;
}

std::string member_of(std::string_view object, std::string_view wanted) {
  std::string kept;
  for (Items items(object); items.next();) {
    if (text_of(items.name(), kept) == wanted) return std::string(items.value());
  }
  return {};
}

std::set<std::string> names_of(std::string_view object) {
  std::set<std::string> names;
  std::string kept;
  for (Items items(object); items.next();) names.emplace(text_of(items.name(), kept));
  return names;
}

bool is_object(std::string_view raw) {
  return raw.starts_with('{');
}

// Every byte of UTF-8 does, but those that go on with one.
bool begins_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

void cut(std::string& text, std::size_t characters_max) {
  std::size_t seen = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (begins_character(text[at]) && ++seen > characters_max) return text.resize(at);
  }
}

// Secrets behind one another without a space, each seen when the one before is masked.
constexpr int kGluedMax = 8;
constexpr std::size_t kMaskedLeast = 32;  // characters: no text of the schema is bound below it

}  // namespace

std::string Redactor::apply(std::string_view line, std::vector<Change>* changes) {
  line = skip_space(line);
  changes_ = changes;
  changed_ = kept_ = command_gate_ = false;
  path_.clear();
  facts_.clear();
  const std::string kind = member_of(line, "kind");
  kind_ = kind == "\"decision\"" ? Kind::kDecision : kind == "\"report\"" ? Kind::kReport : Kind::kOther;
  std::string out;
  out.reserve(line.size());
  object(line, out);
  if (!changed_) return std::string(line);
  if (kind_ != Kind::kDecision) return out;
  const std::string data = member_of(out, "data");
  if (member_of(data, "hash").empty() || member_of(data, "action_value").empty() ||
      member_of(data, "explanation").empty())
    return out;
  static const Policy kWithoutExplanation = [] {
    Policy policy{.include_content = true, .rules = {}, .detectors_off = {}, .allow = {"*"}, .hash_key = {}};
    if (auto path = PathPattern::parse("data.explanation"))
      policy.rules.push_back({std::move(*path), Action::kDrop});
    return policy;
  }();
  path_ = {"data", "explanation"};
  facts_.assign(2, {});
  note("dropped", "another member of the chained entry is changed", 0);
  return Redactor(kWithoutExplanation).apply(out);
}

void Redactor::object(std::string_view text, std::string& out) {
  const bool failure =
      kind_ == Kind::kReport && path_.size() == 3 && path_[0] == "data" && path_[1] == "failures";
  if (failure) {
    const std::string id = unescaped(member_of(text, "id"));
    command_gate_ = std::find(kCommandGates.begin(), kCommandGates.end(), id) != kCommandGates.end() ||
                    unescaped(member_of(text, "title")).ends_with(" Check Failed");
  }
  out += '{';
  bool first = true;
  std::set<std::string> taken;  // names of the object, once one of them is masked
  for (Items items(text); items.next();) {
    const std::size_t before = out.size();
    if (!first) out += ',';
    std::string kept_name;
    const std::string_view name = text_of(items.name(), kept_name);
    path_.push_back(name);
    facts_.push_back(facts_of(name));
    std::string masked_name;
    const bool rename = !facts_.back().clean && masked(name, false, false, masked_name);
    if (rename) {
      // Two names that mask alike would be a repeated member, which the edge refuses.
      if (taken.empty()) taken = names_of(text);
      std::string unique = masked_name;
      for (int i = 2; !taken.insert(unique).second; ++i) unique = masked_name + std::to_string(i);
      codec::append_json_string(out, unique);
      // The value is looked at as strictly as by either name: the hidden one is not there when it is looked
      // at anew.
      const NameFacts hidden = facts_.back();
      const NameFacts shown = facts_of(unique);
      facts_.back() = {.content = hidden.content || shown.content,
                       .secret = hidden.secret || shown.secret,
                       .identifier = hidden.identifier && shown.identifier,
                       .clean = false};
    } else {
      out += items.name();
    }
    out += ':';
    if (value(items.value(), out)) {
      first = false;
    } else {
      out.resize(before);
    }
    path_.pop_back();
    facts_.pop_back();
  }
  out += '}';
  if (failure) command_gate_ = false;
}

void Redactor::array(std::string_view text, std::string& out) {
  out += '[';
  bool first = true;
  std::size_t index = 0;
  for (Items items(text); items.next(); ++index) {
    const std::size_t before = out.size();
    if (!first) out += ',';
    const std::string number = std::to_string(index);
    path_.push_back(number);
    facts_.push_back({});  // a number is the name of nothing
    if (value(items.value(), out)) {
      first = false;
    } else {
      out.resize(before);
    }
    path_.pop_back();
    facts_.pop_back();
  }
  out += ']';
}

bool Redactor::value(std::string_view text, std::string& out) {
  const bool outer_kept = kept_;
  const Rule* rule = policy_.rules.empty() ? nullptr : policy_.rule_of(path_);
  if (rule != nullptr && rule->action == Action::kDrop) {
    note("dropped", "rule " + rule->path.text(), text.size());
    return false;
  }
  if (rule != nullptr && rule->action == Action::kHash) {
    const auto mac = crypto::HmacKey(policy_.hash_key).mac({text.starts_with('"') ? unescaped(text) : text});
    out += "\"hmac:" + crypto::to_hex(mac).substr(0, kHashChars) + '"';
    note("hashed", "rule " + rule->path.text(), text.size());
    return true;
  }
  if (is_gate_status(text)) {  // whatever the gate is called: no other word is taken there
    out += text;
    return true;
  }
  if (rule != nullptr) kept_ = true;  // of everything below, unless a rule says otherwise there
  if (!kept_ && !policy_.include_content && is_content(text, !facts_.empty() && facts_.back().content)) {
    note("dropped", "content", text.size());
    return false;
  }
  if (is_object(text)) {
    object(text, out);
  } else if (text.starts_with('[')) {
    array(text, out);
  } else {
    const std::size_t before = out.size();
    text_value(text, out);
    // A number that was masked is a text now: content where its member's name says so, and nothing that the
    // schema takes as a session's count.
    const std::string_view written = std::string_view(out).substr(before);
    const bool masked_number = !text.starts_with('"') && written.starts_with('"');
    const bool count = path_.size() == 3 && path_[0] == "data" && path_[1] == "counts";
    const bool content =
        !kept_ && !policy_.include_content && is_content(written, !facts_.empty() && facts_.back().content);
    if (masked_number && (count || content)) {
      out.resize(before);
      kept_ = outer_kept;
      return false;
    }
  }
  kept_ = outer_kept;
  return true;
}

bool Redactor::is_gate_status(std::string_view raw) const {
  return kind_ == Kind::kReport && path_.size() == 3 && path_[0] == "data" && path_[1] == "summary" &&
         std::find(kStatuses.begin(), kStatuses.end(), raw) != kStatuses.end();
}

// Numbers and truth values are no content: counts of prompts are called "prompts" too.
bool Redactor::is_content(std::string_view raw, bool by_name) const {
  if (path_.size() < 2 || path_[0] != "data" || raw.empty()) return false;
  if (raw[0] != '"' && raw[0] != '{' && raw[0] != '[') return false;
  if (kind_ == Kind::kReport && path_.back() == "details") return command_gate_;
  return by_name;
}

NameFacts facts_of_name(std::string_view name) {
  NameFacts facts;
  facts.content =
      std::find(kContent.begin(), kContent.end(), name) != kContent.end() || otlp::is_content(name);
  facts.secret = names_secret(name);
  facts.identifier = names_identifier(name);
  std::vector<Hit> hits;
  detect(name, false, hits);  // that it ends in "Id" says what its value is, not what it is itself
  facts.clean = hits.empty();
  return facts;
}

NameFacts Redactor::facts_of(std::string_view name) {
  const auto known = names_.find(name);
  if (known != names_.end()) return known->second;
  const NameFacts facts = facts_of_name(name);
  if (name.size() > kNameBytesMax) return facts;
  if (names_.size() >= kNamesMax) names_.clear();
  names_.emplace(name, facts);
  return facts;
}

void Redactor::text_value(std::string_view raw, std::string& out) {
  const bool text = raw.starts_with('"');
  const bool number = !raw.empty() && (raw[0] == '-' || (raw[0] >= '0' && raw[0] <= '9'));
  const bool fixed = path_.size() == 1 && (path_[0] == "id" || path_[0] == "kind" || path_[0] == "time");
  const bool chain = path_.size() == 2 && path_[0] == "data" &&
                     (path_[1] == "hash" || path_[1] == "prev_hash" || path_[1] == "timestamp");
  std::string replaced, kept;
  // What the schema holds to a form of its own (a uuid, a time, a digest) is not looked into.
  if (fixed || chain || (!text && !number)) {
    out += raw;
  } else if (text && !path_.empty() && raw.size() > 2 && facts_.back().secret &&
             policy_.looks_for("named_secret") && !policy_.allows(unescaped(raw))) {
    out += "\"[redacted:named_secret]\"";
    note("masked", "named_secret", raw.size() - 2);
  } else {
    const std::string_view looked_at = text ? text_of(raw, kept) : raw;
    // The schema bounds the event's own members and those of failures: what the edge took before, it takes
    // masked.
    const bool bound = path_.size() <= 2 || (kind_ == Kind::kReport && path_[1] == "failures");
    if (!masked(looked_at, !facts_.empty() && facts_.back().identifier, bound, replaced)) {
      out += raw;
      return;
    }
    const bool secret = !text && !path_.empty() && facts_.back().secret && policy_.looks_for("named_secret");
    if (secret) replaced = "[redacted:named_secret]";
    codec::append_json_string(out, replaced);
  }
}

bool Redactor::masked(std::string_view text, bool identifier, bool bound, std::string& out) {
  if (!masked_once(text, identifier, out)) return false;
  const std::size_t characters_max = std::max(characters(text), kMaskedLeast);
  std::string again;
  for (int i = 0; i < kGluedMax; ++i) {
    if (bound) cut(out, characters_max);
    // What was glued to something that is masked now stands by itself: two keys behind one another are two.
    again.clear();
    if (!masked_once(out, identifier, again)) return true;
    out.swap(again);
  }
  out = "[redacted:glued]";
  return true;
}

bool Redactor::masked_once(std::string_view text, bool identifier, std::string& out) {
  // An id is one word; a key in a sentence is looked for wherever that stands.
  detect(text, identifier && text.find_first_of(" \t\n") == text.npos, hits_);
  std::size_t from = 0;
  bool any = false;
  for (const Hit& hit : hits_) {
    const std::string_view found = text.substr(hit.begin, hit.end - hit.begin);
    if (!policy_.looks_for(hit.kind) || policy_.allows(found)) continue;
    out.append(text.substr(from, hit.begin - from)).append("[redacted:").append(hit.kind).append("]");
    from = hit.end;
    any = true;
    note("masked", hit.kind, found.size());
  }
  if (any) out.append(text.substr(from));
  return any;
}

void Redactor::note(std::string_view what, std::string_view why, std::size_t bytes) {
  changed_ = true;
  if (changes_ != nullptr) changes_->push_back({path_text(), std::string(what), std::string(why), bytes});
}

std::string Redactor::path_text() const {
  std::string text;
  for (const std::string_view part : path_) {
    if (!text.empty()) text += '.';
    const bool quoted = part.find('.') != part.npos;
    text.append(quoted ? "\"" : "").append(part).append(quoted ? "\"" : "");
  }
  return text;
}

}  // namespace plumbline::redact
