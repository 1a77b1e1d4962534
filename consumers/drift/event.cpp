#include "consumers/drift/event.h"

#include <algorithm>

#include "core/codec/json_writer.h"
#include "core/crypto/uuid5.h"

namespace plumbline::drift {
namespace {

using codec::JsonWriter;

void text_or_null(JsonWriter& out, std::string_view name, std::string_view text) {
  out.key(name);
  if (text.empty()) {
    out.null();
  } else {
    out.text(text);
  }
}

void time_or_null(JsonWriter& out, std::string_view name, const std::optional<TimeUs>& time) {
  text_or_null(out, name, time ? format_rfc3339(*time) : std::string());
}

void ref_or_null(JsonWriter& out, std::string_view name, const std::optional<Ref>& ref) {
  out.key(name);
  if (!ref) {
    out.null();
    return;
  }
  out.open_object().member("report_id", ref->key.id.to_string());
  text_or_null(out, "commit", ref->commit);
  text_or_null(out, "version", ref->version);
  out.member("time", format_rfc3339(ref->key.time)).close_object();
}

void violations(JsonWriter& out, const std::vector<Violation>& all) {
  out.key("violations").open_array();
  for (const Violation& one : all) {
    out.open_object().member("id", one.id).member("title", one.title).member("severity", one.severity);
    out.key("files").open_array();
    for (const std::string& file : one.files) out.text(file);
    out.close_array().close_object();
  }
  out.close_array();
}

// Version, else the beginning of the commit, else the time.
std::string name_of(const Ref& ref) {
  if (!ref.version.empty()) return ref.version;
  if (!ref.commit.empty()) return ref.commit.substr(0, 12);
  return format_rfc3339(ref.key.time).substr(0, 19) + "Z";
}

std::string where(const Stream& stream) {
  return stream.branch.empty() ? stream.repo : stream.repo + " " + stream.branch;
}

std::string between(TimeUs from, TimeUs to) {
  return span_text((to.value - from.value) / 1000000);
}

std::string list(const Transition& what) {
  if (what.fresh.empty()) return "its layer violations were in the last passing report already";
  const Violation& first = what.fresh.front();
  std::string text = first.title.empty() ? first.id : first.title;
  if (!first.files.empty()) text += " in " + first.files.front();
  if (what.fresh_total > 1) text += " and " + std::to_string(what.fresh_total - 1) + " more";
  return text;
}

std::string summary_of(const Stream& stream, const Event& event) {
  const Transition& what = event.what;
  const std::string place = where(stream), at = name_of(what.report);
  if (event.correction) {
    return place + ": a report that came late (" + at + ") shows that this drift is over";
  }
  std::string text;
  switch (what.type) {
    case Type::kOpened:
      text = place + " drifted at " + at + ": " + list(what);
      break;
    case Type::kUpdated:
      return place + " drifts further at " + at + ": " + list(what);
    case Type::kResolved:
      return place + " is back within its layers at " + at + " after " +
             between(what.drift->opened.key.time, what.report.key.time);
    case Type::kGateFailed:
      text = place + " fails its gates at " + at + ", without a layer violation";
      break;
    case Type::kGateRecovered:
      return place + " passes its gates again at " + at + " after " +
             between(what.previous->key.time, what.report.key.time);
  }
  if (what.passing_since) {
    text += ", after it had passed for " + between(*what.passing_since, what.report.key.time);
  }
  return text;
}

std::string summary_of(const WatchEvent& event) {
  if (event.type == "policy.changed") {
    return event.name + " follows another policy: " + event.policy_from.substr(0, 16) + ", then " +
           event.policy_to.substr(0, 16);
  }
  if (event.type.ends_with(".silent")) {
    return event.name + " has not reported since " + format_rfc3339(*event.silent_since).substr(0, 19) +
           "Z; it used to at least every " + span_text(event.gap_s);
  }
  return event.name + " reports again, after " + between(*event.silent_since, event.time);
}

void head(JsonWriter& out, const Uuid& id, std::string_view type, const TenantId& tenant, TimeUs time,
          TimeUs recorded_at, bool notify, std::string_view severity) {
  out.open_object().member("v", 1).member("id", id.to_string()).member("type", type);
  out.member("tenant", tenant.value.to_string()).member("time", format_rfc3339(time));
  out.member("recorded_at", format_rfc3339(recorded_at)).key("notify").boolean(notify);
  out.member("severity", severity);
}

}  // namespace

std::string key_of(const TenantId& tenant, std::string_view name) {
  return tenant.value.to_string().append("/").append(name);
}

std::string span_text(std::int64_t seconds) {
  if (seconds >= 2 * 86400) return std::to_string(seconds / 86400) + " d";
  if (seconds >= 2 * 3600) return std::to_string(seconds / 3600) + " h";
  if (seconds >= 120) return std::to_string(seconds / 60) + " min";
  return std::to_string(std::max<std::int64_t>(0, seconds)) + " s";
}

std::string body_of(const Stream& stream, const Event& event, TimeUs recorded_at) {
  const Transition& what = event.what;
  std::string json;
  JsonWriter out(json);
  head(out, event.id, to_word(what.type), stream.tenant, what.report.key.time, recorded_at, event.notify,
       what.severity);
  out.member("repo", stream.repo);
  text_or_null(out, "branch", stream.branch);
  out.key("agent").null();
  text_or_null(out, "drift_id", event.told ? event.told->drift.to_string() : std::string());
  text_or_null(out, "incident_id", event.told ? event.told->incident.to_string() : std::string());
  out.member("report_id", what.report.key.id.to_string());
  text_or_null(out, "commit", what.report.commit);
  text_or_null(out, "version", what.report.version);
  ref_or_null(out, "previous", what.previous);
  time_or_null(out, "passing_since", what.passing_since);
  out.member("summary", summary_of(stream, event));
  violations(out, what.fresh);
  out.member("violations_total", what.fresh_total).key("policy").null().key("silent_since").null();
  out.close_object();
  return json;
}

std::string body_of(const WatchEvent& event, TimeUs recorded_at) {
  std::string json;
  JsonWriter out(json);
  head(out, event.id, event.type, event.tenant, event.time, recorded_at, event.notify, "medium");
  text_or_null(out, "repo", event.is_agent ? std::string() : event.name);
  out.key("branch").null();
  text_or_null(out, "agent", event.is_agent ? event.name : std::string());
  for (const char* none :
       {"drift_id", "incident_id", "report_id", "commit", "version", "previous", "passing_since"}) {
    out.key(none).null();
  }
  out.member("summary", summary_of(event)).key("violations").open_array().close_array();
  out.member("violations_total", 0).key("policy");
  if (event.type == "policy.changed") {
    out.open_object().member("from", event.policy_from).member("to", event.policy_to).close_object();
  } else {
    out.null();
  }
  time_or_null(out, "silent_since", event.silent_since);
  out.close_object();
  return json;
}

Uuid watch_event_id(const TenantId& tenant, std::string_view type, std::string_view name,
                    std::string_view what) {
  static const Uuid space = crypto::uuid5(crypto::kUrlNamespace, "https://plumbline.dev/ns/drift-watch");
  std::string text = tenant.value.to_string();
  text.append("\n").append(type).append("\n").append(std::to_string(name.size())).append("\n").append(name);
  return crypto::uuid5(space, text.append("\n").append(what));
}

}  // namespace plumbline::drift
