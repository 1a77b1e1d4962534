#include "core/otlp/events.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <initializer_list>
#include <optional>
#include <span>
#include <unordered_set>

#include "core/codec/json_writer.h"
#include "core/crypto/base64.h"
#include "core/crypto/sha256.h"
#include "core/crypto/uuid5.h"
#include "core/limits.h"

namespace plumbline::otlp {
namespace {

using codec::JsonWriter;
using Keys = std::initializer_list<std::string_view>;

constexpr std::size_t kEventsMax = 1024;
// Eight times what SDKs keep by default; bounds the search for repeated keys. What is over it is left out.
constexpr std::size_t kAttributesMax = 1024;
constexpr std::uint64_t kCountMax = 9007199254740991;  // 2^53 - 1, as the schema has it

// A member of the event and the attributes it is lifted from; the first that is there counts. Behind the
// conventions' own names, those of agent runtimes and SDKs: Claude Code, Codex and Gemini CLI in their logs,
// the Vercel AI SDK (ai.*) in its spans.
struct Lifted {
  std::string_view member;
  std::array<std::string_view, 6> keys;
  bool count = false;
};
constexpr Lifted kLifted[] = {
    {"operation", {"gen_ai.operation.name"}},
    {"provider", {"gen_ai.provider.name", "gen_ai.system", "ai.model.provider"}},
    {"request_model", {"gen_ai.request.model", "ai.model.id", "model"}},
    {"response_model", {"gen_ai.response.model", "ai.response.model"}},
    {"input_tokens",
     {"gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "ai.usage.inputTokens",
      "ai.usage.promptTokens", "input_tokens", "input_token_count"},
     true},
    {"output_tokens",
     {"gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "ai.usage.outputTokens",
      "ai.usage.completionTokens", "output_tokens", "output_token_count"},
     true},
    {"agent_id", {"gen_ai.agent.id"}},
    {"agent_name", {"gen_ai.agent.name"}},
    {"conversation", {"gen_ai.conversation.id", "gen_ai.thread.id", "conversation.id"}},
    {"tool_name", {"gen_ai.tool.name", "ai.toolCall.name", "tool_name", "function_name"}},
    {"tool_call_id", {"gen_ai.tool.call.id", "ai.toolCall.id", "call_id"}},
    {"tool_type", {"gen_ai.tool.type", "tool_type"}},
    {"error_type", {"error.type", "error_type"}},
};

// At most `bytes`, at a character's end.
std::string_view cut(std::string_view text, std::size_t bytes = limits::kNameBytesMax) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<std::uint8_t>(text[bytes]) & 0xC0U) == 0x80U) --bytes;
  return text.substr(0, bytes);
}

std::string decimal(double value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

// Numbers beyond the profile's (NaN, infinities) become texts, as OTLP's own JSON writes them.
void write(JsonWriter& out, const Value& value, bool content);
// All but those `without`, and the `body` of a log record behind them.
void write_members(JsonWriter& out, const Attributes& attributes, bool content,
                   std::span<const std::string_view> without = {}, const Value* body = nullptr);

// The keys of one object: a repeated one is no valid JSON here, so the first counts.
class Seen {
 public:
  [[nodiscard]] std::size_t size() const { return few_.size() + many_.size(); }
  bool add(std::string_view key) {
    if (std::find(few_.begin(), few_.end(), key) != few_.end()) return false;
    if (few_.size() == kFew) return many_.insert(key).second;
    few_.push_back(key);
    return true;
  }

 private:
  static constexpr std::size_t kFew = 32;  // a scan beats a hash table up to here
  std::vector<std::string_view> few_;
  std::unordered_set<std::string_view> many_;
};

void write_members(JsonWriter& out, const Attributes& attributes, bool content,
                   std::span<const std::string_view> without, const Value* body) {
  out.open_object();
  Seen seen;
  for (const auto& [key, value] : attributes) {
    if (!content && is_content(key)) continue;
    if (std::find(without.begin(), without.end(), key) != without.end()) continue;
    if (seen.size() == kAttributesMax) break;
    if (!seen.add(key)) continue;
    out.key(key);
    write(out, value, content);
  }
  if (body != nullptr && seen.add("body")) {
    out.key("body");
    write(out, *body, content);
  }
  out.close_object();
}

void write(JsonWriter& out, const Value& value, bool content) {
  switch (value.kind) {
    case Value::Kind::kNone:
      out.null();
      break;
    case Value::Kind::kText:
      out.text(value.text);
      break;
    case Value::Kind::kBool:
      out.boolean(value.integer != 0);
      break;
    case Value::Kind::kInteger:
      out.number(value.integer);
      break;
    case Value::Kind::kDouble:
      if (std::isnan(value.number)) {
        out.text("NaN");
      } else if (std::isinf(value.number)) {
        out.text(value.number > 0 ? "Infinity" : "-Infinity");
      } else if (value.number != 0 && (std::abs(value.number) > 1e300 || std::abs(value.number) < 1e-300)) {
        out.text(decimal(value.number));
      } else {
        out.raw(decimal(value.number));
      }
      break;
    case Value::Kind::kArray:
      out.open_array();
      for (const Value& item : value.items) write(out, item, content);
      out.close_array();
      break;
    case Value::Kind::kMap:
      write_members(out, value.members, content);
      break;
    case Value::Kind::kBytes:
      out.text(crypto::base64_encode(value.text));
      break;
  }
}

// A number, also when the sender wrote it as text (some agents do).
std::optional<std::int64_t> count_of(const Value& value) {
  std::int64_t number = -1;
  if (value.kind == Value::Kind::kInteger) number = value.integer;
  if (value.kind == Value::Kind::kDouble && value.number >= 0 && value.number < 9e15)
    number = static_cast<std::int64_t>(value.number);
  if (value.kind == Value::Kind::kText) {
    const char* end = value.text.data() + value.text.size();
    if (std::from_chars(value.text.data(), end, number).ptr != end) number = -1;
  }
  return number >= 0 && number <= static_cast<std::int64_t>(kCountMax) ? std::optional(number) : std::nullopt;
}

std::string_view first_text(const Attributes& attributes, const Attributes& more, Keys keys) {
  for (const Attributes* in : {&attributes, &more}) {
    for (const std::string_view key : keys) {
      if (const std::string_view text = text_of(*in, key); !text.empty()) return cut(text);
    }
  }
  return {};
}

class Writer {
 public:
  Writer(const Resource& resource, Signal signal, const EventOptions& options)
      : resource_(resource), signal_(signal), options_(options) {
    if (resource.attributes.empty()) return;
    JsonWriter out(resource_text_);
    write_members(out, resource.attributes, options.include_content);
  }

  Event event(const Scope& scope, const Record& record) {
    Event made;
    made.agent = cut(text_of(resource_.attributes, "service.name"));
    if (made.agent.empty()) made.agent = "otlp";
    const std::string data = this->data(scope, record);
    made.id = id_of(made.agent, record, data).to_string();
    JsonWriter out(made.line);
    out.open_object()
        .member("id", made.id)
        .member("kind", "span")
        .member("time", format_rfc3339(time_of(record)));
    out.member("agent", made.agent);
    name(out, "session",
         first_text(record.attributes, resource_.attributes,
                    {"gen_ai.conversation.id", "session.id", "gen_ai.thread.id", "conversation.id"}));
    std::string_view repo = first_text(record.attributes, resource_.attributes, {"vcs.repository.name"});
    if (repo.empty()) repo = first_text(record.attributes, resource_.attributes, {"vcs.repository.url.full"});
    name(out, "repo", repo);
    name(out, "branch", first_text(record.attributes, resource_.attributes, {"vcs.ref.head.name"}));
    name(out, "commit", first_text(record.attributes, resource_.attributes, {"vcs.ref.head.revision"}));
    name(out, "version", first_text(resource_.attributes, {}, {"service.version"}));
    out.key("data").raw(data).close_object();
    return made;
  }

 private:
  static void name(JsonWriter& out, std::string_view member, std::string_view value) {
    if (!value.empty()) out.member(member, value);
  }

  [[nodiscard]] TimeUs time_of(const Record& record) const {
    std::uint64_t ns = record.start_ns;
    if (ns == 0) ns = record.observed_ns;
    if (ns == 0) ns = record.end_ns;
    return ns == 0 ? options_.received_at : TimeUs{static_cast<std::int64_t>(ns / 1000)};
  }

  // A log record is known by what it says.
  [[nodiscard]] Uuid id_of(std::string_view agent, const Record& record, std::string_view data) const {
    if (signal_ == Signal::kTraces && !record.span_id.empty())
      return crypto::span_id(agent, record.trace_id, record.span_id).value;
    return crypto::span_id(agent, record.trace_id, crypto::to_hex(crypto::sha256(data))).value;
  }

  std::string data(const Scope& scope, const Record& record) {
    std::string data;
    JsonWriter out(data);
    lifted_.clear();
    out.open_object().member("signal", signal_ == Signal::kTraces ? "span" : "log");
    out.member("name", name_of(record));
    if (!record.trace_id.empty()) out.member("trace_id", cut(record.trace_id));
    if (!record.span_id.empty()) out.member("span_id", cut(record.span_id));
    if (!record.parent_span_id.empty()) out.member("parent_span_id", cut(record.parent_span_id));
    status(out, record);
    lift(out, record);
    if (!scope.name.empty()) out.member("scope", cut(scope.name));
    rest(out, record);
    out.close_object();
    return data;
  }

  // Span names are of low cardinality by convention; a log record's name is its event's.
  std::string_view name_of(const Record& record) {
    std::string_view name = record.name;
    if (name.empty()) {
      name = text_of(record.attributes, "event.name");
      if (!name.empty()) lifted_.push_back("event.name");
    }
    if (name.empty() && signal_ == Signal::kTraces) return "span";
    return name.empty() ? "log" : cut(name);
  }

  void status(JsonWriter& out, const Record& record) {
    constexpr std::array<std::string_view, 6> kKinds = {"",       "internal", "server",
                                                        "client", "producer", "consumer"};
    constexpr std::array<std::string_view, 3> kStatuses = {"unset", "ok", "error"};
    const auto index = static_cast<std::size_t>(record.status);
    if (signal_ == Signal::kTraces) {
      const auto kind = static_cast<std::size_t>(record.kind);
      if (kind > 0 && kind < kKinds.size()) out.member("span_kind", kKinds[kind]);
      out.member("status", index < kStatuses.size() ? kStatuses[index] : "unset");
      if (options_.include_content && !record.status_text.empty())
        out.member("status_message", record.status_text);
      const std::uint64_t us = record.end_ns < record.start_ns ? 0 : (record.end_ns - record.start_ns) / 1000;
      if (record.start_ns > 0 && record.end_ns >= record.start_ns && us <= kCountMax)
        out.member("duration_us", us);
      return;
    }
    // Severity numbers 1 to 24 in six ranges of four (logs data model).
    constexpr std::array<std::string_view, 6> kSeverities = {"trace", "debug", "info",
                                                             "warn",  "error", "fatal"};
    if (index >= 1 && index <= 24) out.member("status", kSeverities[(index - 1) / 4]);
    const Value* duration = find(record.attributes, "duration_ms");
    const auto ms = duration == nullptr ? std::nullopt : count_of(*duration);
    if (ms && *ms < 9000000000000) {
      out.member("duration_us", *ms * 1000);
      lifted_.push_back("duration_ms");
    }
  }

  void lift(JsonWriter& out, const Record& record) {
    for (const Lifted& lifted : kLifted) {
      for (const std::string_view key : lifted.keys) {
        if (key.empty()) break;
        // Plain names such as "model" mean that only where agent runtimes log them.
        if (key.find('.') == std::string_view::npos && signal_ != Signal::kLogs) continue;
        const Value* value = find(record.attributes, key);
        if (value == nullptr) continue;
        if (lifted.count) {
          const auto count = count_of(*value);
          if (!count) continue;
          out.member(lifted.member, *count);
        } else {
          if (value->kind != Value::Kind::kText) continue;
          out.member(lifted.member, cut(value->text));
        }
        lifted_.push_back(key);
        break;
      }
    }
  }

  void rest(JsonWriter& out, const Record& record) {
    const bool content = options_.include_content;
    const Value* body = content && record.body.kind != Value::Kind::kNone ? &record.body : nullptr;
    const bool all_lifted =
        std::all_of(record.attributes.begin(), record.attributes.end(), [this](const auto& pair) {
          return std::find(lifted_.begin(), lifted_.end(), pair.key) != lifted_.end();
        });
    if (!all_lifted || body != nullptr) {
      out.key("attributes");
      write_members(out, record.attributes, content, lifted_, body);
    }
    if (!resource_text_.empty()) out.key("resource").raw(resource_text_);
    if (record.events.empty()) return;
    out.key("events").open_array();
    for (std::size_t n = 0; n < std::min(record.events.size(), kEventsMax); ++n) {
      const SpanEvent& event = record.events[n];
      out.open_object().member("name", cut(event.name));
      if (event.time_ns > 0)
        out.member("time", format_rfc3339({static_cast<std::int64_t>(event.time_ns / 1000)}));
      if (!event.attributes.empty()) {
        out.key("attributes");
        write_members(out, event.attributes, content);
      }
      out.close_object();
    }
    out.close_array();
  }

  const Resource& resource_;
  std::string resource_text_;  // every event of the resource has it
  Signal signal_;
  const EventOptions& options_;
  std::vector<std::string_view> lifted_;  // of the record under way
};

}  // namespace

Result<std::vector<Event>> events_of(const Request& request, const EventOptions& options) {
  std::vector<Event> events;
  events.reserve(request.records());
  std::size_t bytes = 0;
  for (const Resource& resource : request.resources) {
    Writer writer(resource, request.signal, options);
    for (const Scope& scope : resource.scopes) {
      for (const Record& record : scope.records) {
        events.push_back(writer.event(scope, record));
        bytes += events.back().line.size() + 1;
        if (bytes > options.bytes_max) {
          return poison("too_large", "the request makes events of more than " +
                                         std::to_string(options.bytes_max) +
                                         " bytes (each has its resource's attributes): send smaller batches");
        }
      }
    }
  }
  return events;
}

}  // namespace plumbline::otlp
