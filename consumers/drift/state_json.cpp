#include "consumers/drift/state_json.h"

#include <charconv>

#include "core/codec/json_value.h"
#include "core/codec/json_writer.h"

namespace plumbline::drift {
namespace {

using codec::JsonValue;
using codec::JsonWriter;

// Texts, as numbers of 64 bits don't survive every reader of JSON.
std::string number_text(std::int64_t value) {
  return std::to_string(value);
}

template <class T>
T number_of(const JsonValue& value) {
  T number{};
  const std::string_view text = value.text();
  (void)std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

Uuid uuid_of(const JsonValue& value) {
  return Uuid::parse(value.text()).value_or(Uuid{});
}

void write(JsonWriter& out, const Ref& ref) {
  out.open_object().member("time", number_text(ref.key.time.value)).member("id", ref.key.id.to_string());
  out.member("commit", ref.commit).member("version", ref.version).close_object();
}

Ref ref_of(const JsonValue& value) {
  return {{{number_of<std::int64_t>(value["time"])}, uuid_of(value["id"])},
          std::string(value["commit"].text()),
          std::string(value["version"].text())};
}

void write(JsonWriter& out, std::span<const Violation> violations) {
  out.open_array();
  for (const Violation& violation : violations) {
    out.open_object().member("id", violation.id).member("title", violation.title);
    out.member("severity", violation.severity).key("files").open_array();
    for (const std::string& file : violation.files) out.text(file);
    out.close_array().close_object();
  }
  out.close_array();
}

std::vector<Violation> violations_of(const JsonValue& value) {
  std::vector<Violation> violations;
  for (const JsonValue& item : value.items()) {
    Violation made{std::string(item["id"].text()),
                   std::string(item["title"].text()),
                   std::string(item["severity"].text()),
                   {}};
    for (const JsonValue& file : item["files"].items()) made.files.emplace_back(file.text());
    violations.push_back(std::move(made));
  }
  return violations;
}

void write(JsonWriter& out, const Drift& drift) {
  out.open_object().member("id", drift.id.to_string()).member("incident", drift.incident.to_string());
  out.key("opened");
  write(out, drift.opened);
  out.key("previous");
  write(out, drift.previous);
  out.member("passing_since", number_text(drift.passing_since.value)).member("severity", drift.severity);
  out.key("violations");
  write(out, drift.violations);
  out.member("total", drift.violations_total).member("updated_at", number_text(drift.updated_at.value));
  out.close_object();
}

Drift drift_of(const JsonValue& value) {
  Drift drift;
  drift.id = uuid_of(value["id"]);
  drift.incident = uuid_of(value["incident"]);
  drift.opened = ref_of(value["opened"]);
  drift.previous = ref_of(value["previous"]);
  drift.passing_since = {number_of<std::int64_t>(value["passing_since"])};
  drift.severity = value["severity"].text();
  drift.violations = violations_of(value["violations"]);
  drift.violations_total = static_cast<std::int32_t>(value["total"].number().value_or(0));
  drift.updated_at = {number_of<std::int64_t>(value["updated_at"])};
  return drift;
}

Error unreadable(const Error& why) {
  return fatal("drift_state", "a state of drift can't be read (" + why.message +
                                  "): its tables were written by another version or changed by hand");
}

}  // namespace

std::string to_json(const State& state) {
  std::string json;
  JsonWriter out(json);
  out.open_object().member("phase", static_cast<int>(state.phase));
  out.member("passing_since", number_text(state.passing_since.value)).member("since", state.since_checkpoint);
  if (state.last_pass) write(out.key("last_pass"), *state.last_pass);
  if (state.failed) write(out.key("failed"), *state.failed);
  if (!state.known.empty()) {
    out.key("known").open_array();
    for (const std::uint64_t print : state.known) out.text(std::to_string(print));
    out.close_array();
  }
  if (state.drift) write(out.key("drift"), *state.drift);
  if (state.incident) {
    out.key("incident").open_object().member("id", state.incident->id.to_string());
    out.member("resolved_at", number_text(state.incident->resolved_at.value)).close_object();
  }
  out.close_object();
  return json;
}

std::string to_json(std::span<const Violation> violations) {
  std::string json;
  JsonWriter out(json);
  write(out, violations);
  return json;
}

Result<State> state_from(std::string_view json) {
  auto read = JsonValue::parse(json);
  if (!read) return unreadable(read.error());
  const JsonValue& value = *read;
  State state;
  const double phase = value["phase"].number().value_or(0);
  state.phase = phase == 1 ? Phase::kPassing : phase == 2 ? Phase::kFailing : Phase::kUnknown;
  state.passing_since = {number_of<std::int64_t>(value["passing_since"])};
  state.since_checkpoint = static_cast<std::int32_t>(value["since"].number().value_or(0));
  if (value.has("last_pass")) state.last_pass = ref_of(value["last_pass"]);
  if (value.has("failed")) state.failed = ref_of(value["failed"]);
  for (const JsonValue& print : value["known"].items())
    state.known.push_back(number_of<std::uint64_t>(print));
  if (value.has("drift")) state.drift = drift_of(value["drift"]);
  if (value.has("incident")) {
    const JsonValue& incident = value["incident"];
    state.incident = Incident{uuid_of(incident["id"]), {number_of<std::int64_t>(incident["resolved_at"])}};
  }
  return state;
}

Result<std::vector<Violation>> violations_from(std::string_view json) {
  auto read = JsonValue::parse(json);
  if (!read) return unreadable(read.error());
  return violations_of(*read);
}

}  // namespace plumbline::drift
