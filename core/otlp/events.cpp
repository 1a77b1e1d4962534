#include "core/otlp/events.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "core/crypto/sha256.h"
#include "core/crypto/uuid5.h"
#include "core/limits.h"
#include "core/otlp/event_parts.h"

namespace plumbline::otlp {
namespace {

constexpr std::size_t kEventsMax = 1024;
constexpr std::uint64_t kCountMax = 9007199254740991;  // 2^53 - 1, as the schema has it

// A member of the event and the attributes it is lifted from; the first that is there counts. Behind the
// conventions' own names, those of agent runtimes and SDKs: Claude Code, Codex and Gemini CLI in their logs,
// the Vercel AI SDK (ai.*) in its spans.
constexpr std::uint8_t kNoMore = 255;
struct Lifted {
  std::string_view member;
  std::array<std::uint8_t, 6> keys;
  bool count = false;
  std::uint64_t mask = 0;  // of the keys
};
template <class... Keys>
consteval Lifted lifted(std::string_view member, bool count, Keys... keys) {
  Lifted made{member, {kNoMore, kNoMore, kNoMore, kNoMore, kNoMore, kNoMore}, count, 0};
  std::size_t at = 0;
  for (const std::uint8_t key : {keys...}) {
    made.keys[at++] = key;
    made.mask |= std::uint64_t{1} << key;
  }
  return made;
}
constexpr std::array kLifted = {
    lifted("operation", false, known("gen_ai.operation.name")),
    lifted("provider", false, known("gen_ai.provider.name"), known("gen_ai.system"),
           known("ai.model.provider")),
    lifted("request_model", false, known("gen_ai.request.model"), known("ai.model.id"), known("model")),
    lifted("response_model", false, known("gen_ai.response.model"), known("ai.response.model")),
    lifted("input_tokens", true, known("gen_ai.usage.input_tokens"), known("gen_ai.usage.prompt_tokens"),
           known("ai.usage.inputTokens"), known("ai.usage.promptTokens"), known("input_tokens"),
           known("input_token_count")),
    lifted("output_tokens", true, known("gen_ai.usage.output_tokens"),
           known("gen_ai.usage.completion_tokens"), known("ai.usage.outputTokens"),
           known("ai.usage.completionTokens"), known("output_tokens"), known("output_token_count")),
    lifted("agent_id", false, known("gen_ai.agent.id")),
    lifted("agent_name", false, known("gen_ai.agent.name")),
    lifted("conversation", false, known("gen_ai.conversation.id"), known("gen_ai.thread.id"),
           known("conversation.id")),
    lifted("tool_name", false, known("gen_ai.tool.name"), known("ai.toolCall.name"), known("tool_name"),
           known("function_name")),
    lifted("tool_call_id", false, known("gen_ai.tool.call.id"), known("ai.toolCall.id"), known("call_id")),
    lifted("tool_type", false, known("gen_ai.tool.type"), known("tool_type")),
    lifted("error_type", false, known("error.type"), known("error_type")),
};

// A number, also when the sender wrote it as text (some agents do).
std::optional<std::int64_t> count_of(const Value& value) {
  std::int64_t number = -1;
  if (value.kind() == Value::Kind::kInteger) number = value.integer();
  if (value.kind() == Value::Kind::kDouble && value.real() >= 0 && value.real() < 9e15)
    number = static_cast<std::int64_t>(value.real());
  if (value.kind() == Value::Kind::kText) {
    const std::string_view text = value.text();
    const char* end = text.data() + text.size();
    if (std::from_chars(text.data(), end, number).ptr != end) number = -1;
  }
  return number >= 0 && number <= static_cast<std::int64_t>(kCountMax) ? std::optional(number) : std::nullopt;
}

}  // namespace

EventWriter::Impl::Impl(Screen* with)
    : screen(with),
      names(with),
      agent("agent", with),
      session("session", with),
      repo("repo", with),
      branch("branch", with),
      commit("commit", with),
      version("version", with),
      data("data", with),
      signal("signal", with),
      name("name", with),
      trace_id("trace_id", with),
      span_id("span_id", with),
      parent_span_id("parent_span_id", with),
      span_kind("span_kind", with),
      status("status", with),
      status_message("status_message", with),
      duration_us("duration_us", with),
      scope("scope", with),
      attributes("attributes", with),
      resource("resource", with),
      events("events", with),
      time("time", with) {
  for (const Lifted& one : kLifted) lifts.emplace_back(one.member, with);
}

void EventWriter::Impl::begin_resource(const Resource& of) {
  agent_name = cut(text_of(of.attributes, "service.name"));
  if (agent_name.empty()) agent_name = "otlp";
  service_version = cut(text_of(of.attributes, "service.version"));
  for (std::size_t i = 0; i < kKnown; ++i) resource_texts[i] = {};
  for (const auto& [key, value] : of.attributes) {
    const Name& known_as = names.of(key, std::numeric_limits<std::size_t>::max());
    if (known_as.known < 0 || value.kind() != Value::Kind::kText) continue;
    const auto at = static_cast<std::size_t>(known_as.known);
    if (find(of.attributes, key) == &value) resource_texts[at] = value.text();
  }
  resource_json.clear();
  settled = screen != nullptr;
  if (!of.attributes.empty()) {
    std::string* const before = std::exchange(out, &resource_json);
    *out += '[';  // what stands before its first member
    pairs(of.attributes);
    out->erase(0, 1);
    out = before;
  }
  resource_settled = settled;
}

// Which attributes there are, and which of the known ones.
void EventWriter::Impl::index(const Record& record) {
  ++record_number;
  present = lifted_keys = 0;
  row.resize(record.attributes.size());
  for (std::size_t i = 0; i < row.size(); ++i) {
    const Attribute& attribute = record.attributes[i];
    Name& of = names.of(attribute.key, i);
    const bool again = std::exchange(of.seen, record_number) == record_number;
    row[i] = again ? nullptr : &of;
    if (again || of.known < 0) continue;
    present |= std::uint64_t{1} << of.known;
    known_values[static_cast<std::size_t>(of.known)] = &attribute.value;
  }
}

TimeUs EventWriter::Impl::time_of(const Record& record) const {
  std::uint64_t ns = record.start_ns;
  if (ns == 0) ns = record.observed_ns;
  if (ns == 0) ns = record.end_ns;
  return ns == 0 ? options->received_at : TimeUs{static_cast<std::int64_t>(ns / 1000)};
}

void EventWriter::Impl::event(const Scope& of_scope, const Record& record) {
  constexpr std::string_view kFront = "{\"id\":\"", kBehind = "\",\"kind\":\"span\",\"time\":";
  constexpr std::size_t kIdChars = 36;
  names.begin_record();
  index(record);
  settled = resource_settled;
  const std::size_t from = out->size();
  *out += kFront;
  out->append(kIdChars, '0');
  *out += kBehind;
  write_time(time_of(record));
  text(agent, agent_name);
  const auto named = [&](Member& of, std::string_view value) {
    if (!value.empty()) text(of, value);
  };
  named(session, first_text({known("gen_ai.conversation.id"), known("session.id"), known("gen_ai.thread.id"),
                             known("conversation.id")}));
  std::string_view repository = first_text({known("vcs.repository.name")});
  if (repository.empty()) repository = first_text({known("vcs.repository.url.full")});
  named(repo, repository);
  named(branch, first_text({known("vcs.ref.head.name")}));
  named(commit, first_text({known("vcs.ref.head.revision")}));
  named(version, service_version);
  begin(data, false);
  const std::size_t data_from = out->size();
  write_data(of_scope, record);
  const std::string_view written = std::string_view(*out).substr(data_from);
  // A log record is known by what it says.
  const Uuid id =
      of_signal == Signal::kTraces && !record.span_id.empty()
          ? crypto::span_id(agent_name, record.trace_id, record.span_id).value
          : crypto::span_id(agent_name, record.trace_id, crypto::to_hex(crypto::sha256(written))).value;
  id.write_to(out->data() + from + kFront.size());
  *out += '}';
  if (out->size() - from > limits::kTraceBytesMax) settled = false;
}

void EventWriter::Impl::write_data(const Scope& of_scope, const Record& record) {
  *out += '{';
  text(signal, of_signal == Signal::kTraces ? "span" : "log");
  text(name, name_of(record));
  if (!record.trace_id.empty()) text(trace_id, cut(record.trace_id));
  if (!record.span_id.empty()) text(span_id, cut(record.span_id));
  if (!record.parent_span_id.empty()) text(parent_span_id, cut(record.parent_span_id));
  write_status(record);
  lift();
  if (!of_scope.name.empty()) text(scope, cut(of_scope.name));
  rest(record);
  *out += '}';
}

// Span names are of low cardinality by convention; a log record's name is its event's.
std::string_view EventWriter::Impl::name_of(const Record& record) {
  std::string_view found = record.name;
  if (found.empty()) {
    const Value* event_name = known_value(known("event.name"));
    if (event_name != nullptr && event_name->kind() == Value::Kind::kText) found = event_name->text();
    if (!found.empty()) lifted_keys |= std::uint64_t{1} << known("event.name");
  }
  if (found.empty() && of_signal == Signal::kTraces) return "span";
  return found.empty() ? "log" : cut(found);
}

void EventWriter::Impl::write_status(const Record& record) {
  constexpr std::array<std::string_view, 6> kKinds = {"",       "internal", "server",
                                                      "client", "producer", "consumer"};
  constexpr std::array<std::string_view, 3> kStatuses = {"unset", "ok", "error"};
  const auto at = static_cast<std::size_t>(record.status);
  if (of_signal == Signal::kTraces) {
    const auto kind = static_cast<std::size_t>(record.kind);
    if (kind > 0 && kind < kKinds.size()) text(span_kind, kKinds[kind]);
    text(status, at < kStatuses.size() ? kStatuses[at] : "unset");
    if (options->include_content && !record.status_text.empty()) text(status_message, record.status_text);
    const std::uint64_t us = record.end_ns < record.start_ns ? 0 : (record.end_ns - record.start_ns) / 1000;
    if (record.start_ns > 0 && record.end_ns >= record.start_ns && us <= kCountMax) number(duration_us, us);
    return;
  }
  // Severity numbers 1 to 24 in six ranges of four (logs data model).
  constexpr std::array<std::string_view, 6> kSeverities = {"trace", "debug", "info",
                                                           "warn",  "error", "fatal"};
  if (at >= 1 && at <= 24) text(status, kSeverities[(at - 1) / 4]);
  const Value* duration = known_value(known("duration_ms"));
  const auto ms = duration == nullptr ? std::nullopt : count_of(*duration);
  if (ms && *ms < 9000000000000) {
    number(duration_us, static_cast<std::uint64_t>(*ms) * 1000);
    lifted_keys |= std::uint64_t{1} << known("duration_ms");
  }
}

void EventWriter::Impl::lift() {
  for (std::size_t i = 0; i < kLifted.size(); ++i) {
    const Lifted& one = kLifted[i];
    if ((one.mask & present) == 0) continue;
    for (const std::uint8_t key : one.keys) {
      if (key == kNoMore) break;
      // Plain names such as "model" mean that only where agent runtimes log them.
      const bool plain = known_name(key).find('.') == std::string_view::npos;
      const Value* value = known_value(key);
      if (value == nullptr || (plain && of_signal != Signal::kLogs)) continue;
      if (one.count) {
        const auto count = count_of(*value);
        if (!count) continue;
        number(lifts[i], static_cast<std::uint64_t>(*count));
      } else {
        if (value->kind() != Value::Kind::kText) continue;
        text(lifts[i], cut(value->text()));
      }
      lifted_keys |= std::uint64_t{1} << key;
      break;
    }
  }
}

void EventWriter::Impl::rest(const Record& record) {
  const Value* body =
      options->include_content && record.body.kind() != Value::Kind::kNone ? &record.body : nullptr;
  const auto is_lifted = [this](const Name& of) {
    return of.known >= 0 && (lifted_keys >> of.known & 1) != 0;
  };
  const bool all_lifted =
      std::all_of(row.begin(), row.end(), [&](const Name* of) { return of == nullptr || is_lifted(*of); });
  if (!all_lifted || body != nullptr) {
    begin(attributes, true);
    *out += '{';
    std::size_t written = 0;
    bool has_body = false;
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (row[i] == nullptr || is_lifted(*row[i]) || (!options->include_content && row[i]->content)) continue;
      if (written++ == kAttributesMax) break;
      has_body = has_body || row[i]->text == "body";
      member(*row[i], record.attributes[i].value);
    }
    if (body != nullptr && !has_body)
      member(names.of("body", std::numeric_limits<std::size_t>::max()), *body);
    *out += '}';
  }
  if (!resource_json.empty()) {
    begin(resource, true);
    *out += resource_json;
  }
  if (!record.events.empty()) write_events(record);
}

void EventWriter::Impl::write_events(const Record& record) {
  begin(events, true);
  *out += '[';
  for (std::size_t n = 0; n < std::min(record.events.size(), kEventsMax); ++n) {
    const SpanEvent& one = record.events[n];
    comma();
    *out += '{';
    text(name, cut(one.name));
    if (one.time_ns > 0) text(time, format_rfc3339({static_cast<std::int64_t>(one.time_ns / 1000)}));
    if (!one.attributes.empty()) {
      begin(attributes, true);
      pairs(one.attributes);
    }
    *out += '}';
  }
  *out += ']';
}

Status EventWriter::Impl::write(const Request& request, const EventOptions& with, EventLines& to) {
  options = &with;
  of_signal = request.signal;
  out = &to.text;
  to.text.clear();
  to.lines.clear();
  for (const Resource& one : request.resources) {
    begin_resource(one);
    for (const Scope& of_scope : one.scopes) {
      for (const Record& record : of_scope.records) {
        const std::size_t from = to.text.size();
        event(of_scope, record);
        to.lines.push_back({from, to.text.size(), settled});
        to.text += '\n';
        if (to.text.size() > with.bytes_max) {
          return poison("too_large", "the request makes events of more than " +
                                         std::to_string(with.bytes_max) +
                                         " bytes (each has its resource's attributes): send smaller batches");
        }
      }
    }
  }
  return ok_status();
}

EventWriter::EventWriter(Screen* screen) : impl_(std::make_unique<Impl>(screen)) {}
EventWriter::~EventWriter() = default;
Status EventWriter::write(const Request& request, const EventOptions& options, EventLines& out) {
  return impl_->write(request, options, out);
}

Result<std::vector<Event>> events_of(const Request& request, const EventOptions& options) {
  EventWriter writer;
  EventLines lines;
  if (Status written = writer.write(request, options, lines); !written) return written.error();
  std::vector<Event> events;
  events.reserve(lines.lines.size());
  std::size_t at = 0;
  for (const Resource& resource : request.resources) {
    std::string_view agent = cut(text_of(resource.attributes, "service.name"));
    if (agent.empty()) agent = "otlp";
    for (const Scope& scope : resource.scopes) {
      for (std::size_t i = 0; i < scope.records.size(); ++i) {
        const EventLines::Line& line = lines.lines[at++];
        std::string text = lines.text.substr(line.begin, line.end - line.begin);
        constexpr std::size_t kIdAt = 7, kIdChars = 36;
        std::string id = text.substr(kIdAt, kIdChars);
        events.push_back({std::move(id), std::string(agent), std::move(text)});
      }
    }
  }
  return events;
}

}  // namespace plumbline::otlp
