#include <algorithm>

#include "core/codec/json_writer.h"
#include "sinks/channel/wording.h"
#include "sinks/slack/slack.h"

namespace plumbline::slack {
namespace {

using channel::Wording;
using codec::JsonWriter;

// Documented limits in characters; bytes are no fewer, so cutting by bytes keeps within them.
constexpr std::size_t kHeaderMax = 150, kTextMax = 3000, kFieldMax = 2000, kFallbackMax = 3000;
constexpr std::size_t kFieldsMax = 10, kSectionsMax = 8;

// Escapes first, then cuts without splitting an entity.
std::string safe(std::string_view text, std::size_t bytes) {
  std::string all = escape(channel::tame(text, bytes));
  if (all.size() <= bytes) return all;
  all.resize(bytes - 3);
  while (!all.empty() && (static_cast<std::uint8_t>(all.back()) & 0xc0) == 0x80) all.pop_back();
  if (!all.empty() && static_cast<std::uint8_t>(all.back()) >= 0xc0) all.pop_back();
  const std::size_t entity = all.rfind('&');
  if (entity != std::string::npos && all.find(';', entity) == std::string::npos) all.resize(entity);
  return all += "\u2026";
}

void text_object(JsonWriter& out, std::string_view type, std::string_view text) {
  out.open_object().member("type", type).member("text", text);
  // Else Slack itself makes links of what looks like one, and mentions of names.
  if (type == "mrkdwn") out.key("verbatim").boolean(true);
  out.close_object();
}

void section(JsonWriter& out, std::string_view text) {
  out.open_object().member("type", "section").key("text");
  text_object(out, "mrkdwn", text);
  out.close_object();
}

void context(JsonWriter& out, std::string_view text) {
  out.open_object().member("type", "context").key("elements").open_array();
  text_object(out, "mrkdwn", text);
  out.close_array().close_object();
}

void fields(JsonWriter& out, const Wording& wording) {
  for (std::size_t n = 0; n < wording.facts.size(); ++n) {
    if (n % kFieldsMax == 0) out.open_object().member("type", "section").key("fields").open_array();
    const auto& [name, value] = wording.facts[n];
    text_object(out, "mrkdwn", "*" + name + "*\n" + safe(value, kFieldMax - 100));
    if ((n + 1) % kFieldsMax == 0 || n + 1 == wording.facts.size()) out.close_array().close_object();
  }
}

// As many findings to a section as fit.
void findings(JsonWriter& out, const Wording& wording) {
  std::string text;
  std::size_t sections = 0, shown = 0;
  for (const std::string& finding : wording.findings) {
    const std::string line = "\u2022 " + safe(finding, 1200) + "\n";
    if (text.size() + line.size() > kTextMax - 50) {
      section(out, text);
      text.clear();
      if (++sections == kSectionsMax) break;
    }
    text += line;
    ++shown;
  }
  if (!text.empty()) section(out, text);
  const std::int64_t hidden = static_cast<std::int64_t>(wording.findings.size() - shown) + wording.more;
  if (hidden > 0) context(out, "and " + std::to_string(hidden) + " more");
}

}  // namespace

std::string escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else {
      out += c;
    }
  }
  return out;
}

std::string message_members(const channel::Message& message) {
  const Wording wording = channel::wording_of(message);
  const std::string mark = wording.good ? "\U0001F7E2 " : message.events.empty() ? "" : "\U0001F534 ";
  std::string json;
  JsonWriter out(json);
  out.open_object();
  std::string fallback = wording.title.empty() ? "Plumbline" : wording.title;
  if (!wording.resend.empty()) fallback += " (" + wording.resend + ")";
  out.member("text", safe(mark + fallback, kFallbackMax));
  out.key("blocks").open_array();
  out.open_object().member("type", "header").key("text");
  // plain_text is not markup: only the length counts.
  text_object(out, "plain_text",
              channel::tame_line(mark + (wording.title.empty() ? "Plumbline" : wording.title), kHeaderMax));
  out.close_object();
  if (!wording.resend.empty()) context(out, "\u26A0 " + escape(wording.resend));
  if (!wording.summary.empty()) section(out, safe(wording.summary, kTextMax));
  fields(out, wording);
  findings(out, wording);
  if (!message.console_url.empty())
    section(out, "<" + safe(message.console_url, 1000) + "|Open in the console>");
  const std::string foot = message.tenant_name.empty()
                               ? message.route_name
                               : message.tenant_name + " \u00B7 " + message.route_name;
  if (!foot.empty()) context(out, safe(foot, 500));
  out.close_array().close_object();
  return json.substr(1, json.size() - 2);
}

}  // namespace plumbline::slack
