#include <algorithm>
#include <array>
#include <ctime>

#include "core/crypto/base64.h"
#include "sinks/channel/wording.h"
#include "sinks/email/email.h"

namespace plumbline::email {
namespace {

using channel::Message;
using channel::Wording;

constexpr std::size_t kSubjectBytesMax = 200;
constexpr std::size_t kAddressBytesMax = 254;  // RFC 5321, erratum 1690

// RFC 5322 date-time, always UTC.
std::string mail_date(TimeUs time) {
  constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = static_cast<std::time_t>(time.value / 1000000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  const std::string iso = format_rfc3339(time);
  return std::string(kDays[static_cast<std::size_t>(parts.tm_wday)]) + ", " + std::to_string(parts.tm_mday) +
         " " + kMonths[static_cast<std::size_t>(parts.tm_mon)] + " " + iso.substr(0, 4) + " " +
         iso.substr(11, 8) + " +0000";
}

std::string html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\n':
        out += "<br>";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string text_part(const Message& message, const Wording& wording) {
  std::string out = wording.title + "\n\n";
  if (!wording.resend.empty()) out += "! " + wording.resend + "\n\n";
  if (!wording.summary.empty()) out += wording.summary + "\n\n";
  for (const auto& [name, value] : wording.facts) out += name + ": " + value + "\n";
  if (!wording.findings.empty()) out += "\n";
  for (const std::string& finding : wording.findings) out += "- " + finding + "\n";
  if (wording.more > 0) out += "and " + std::to_string(wording.more) + " more\n";
  if (!message.console_url.empty()) out += "\n" + message.console_url + "\n";
  out += "\n-- \n" + channel::tame_line(message.tenant_name + ", route " + message.route_name, 300) + "\n";
  if (!message.unsubscribe_url.empty()) out += "Unsubscribe: " + message.unsubscribe_url + "\n";
  return out;
}

std::string html_part(const Message& message, const Wording& wording) {
  std::string out =
      "<!doctype html><html><body style=\"font-family:sans-serif;max-width:40em\"><h2 style=\"color:" +
      std::string(wording.good             ? "#1a7f37"
                  : message.events.empty() ? "#24292f"
                                           : "#b42318") +
      "\">" + html(wording.title) + "</h2>";
  if (!wording.resend.empty()) out += "<p><strong>" + html(wording.resend) + "</strong></p>";
  if (!wording.summary.empty()) out += "<p>" + html(wording.summary) + "</p>";
  if (!wording.facts.empty()) {
    out += "<table>";
    for (const auto& [name, value] : wording.facts)
      out += "<tr><th align=\"left\">" + html(name) + "</th><td>" + html(value) + "</td></tr>";
    out += "</table>";
  }
  if (!wording.findings.empty()) {
    out += "<ul>";
    for (const std::string& finding : wording.findings) out += "<li>" + html(finding) + "</li>";
    out += "</ul>";
  }
  if (wording.more > 0) out += "<p>and " + std::to_string(wording.more) + " more</p>";
  if (!message.console_url.empty())
    out += "<p><a href=\"" + html(message.console_url) + "\">Open in the console</a></p>";
  out += "<hr><p style=\"color:#57606a;font-size:smaller\">" +
         html(channel::tame_line(message.tenant_name + ", route " + message.route_name, 300));
  if (!message.unsubscribe_url.empty())
    out += " \u00B7 <a href=\"" + html(message.unsubscribe_url) + "\">Unsubscribe</a>";
  return out + "</p></body></html>\n";
}

// RFC 2045: base64 in lines of 76, so that no text can end a part or exceed a line.
std::string part(std::string_view type, std::string_view text) {
  std::string out =
      "Content-Type: " + std::string(type) + "; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n";
  const std::string encoded = crypto::base64_encode(text);
  for (std::size_t at = 0; at < encoded.size(); at += 76) out += encoded.substr(at, 76) + "\r\n";
  return out;
}

// A display name: a quoted string where it is plain ASCII (RFC 5322), else encoded words.
std::string quoted_name(std::string_view name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) { return c >= ' ' && c < 0x7f; });
  if (!plain || name.size() > 60) return encoded_header(name);
  std::string out = "\"";
  for (const char c : name) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

// A reference that came back from the database: only a msg-id without line ends or blanks goes into a header.
bool is_msg_id(std::string_view text) {
  return text.size() > 2 && text.size() <= 500 && text.front() == '<' && text.back() == '>' &&
         text.find_first_of(" \t\r\n") == std::string_view::npos;
}

}  // namespace

std::optional<Mailbox> parse_mailbox(std::string_view text) {
  Mailbox box;
  const std::size_t open = text.rfind('<');
  if (open != std::string_view::npos && text.ends_with('>')) {
    box.name = text.substr(0, open);
    while (box.name.ends_with(' ')) box.name.pop_back();
    if (box.name.size() >= 2 && box.name.front() == '"' && box.name.back() == '"')
      box.name = box.name.substr(1, box.name.size() - 2);
    box.address = text.substr(open + 1, text.size() - open - 2);
  } else {
    box.address = text;
  }
  const std::size_t at = box.address.find('@');
  const bool plain = std::all_of(box.address.begin(), box.address.end(), [](char c) {
    return c > ' ' && c != 0x7f && std::string_view("<>,;:\"()[]\\").find(c) == std::string_view::npos;
  });
  if (at == 0 || at == std::string::npos || at + 1 == box.address.size() || box.address.rfind('@') != at ||
      !plain || box.address.size() > kAddressBytesMax) {
    return std::nullopt;
  }
  return box;
}

std::string encoded_header(std::string_view raw) {
  const std::string text = channel::tame_line(raw, kSubjectBytesMax);
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < 0x7f; });
  // "=?" in plain text would be read as an encoded word.
  if (plain && text.find("=?") == std::string::npos && text.size() <= 60) return text;
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t size =
        std::min<std::size_t>(36, text.size() - at);  // 60 characters with the frame: room for a name
    while (at + size < text.size() && (static_cast<std::uint8_t>(text[at + size]) & 0xc0) == 0x80) --size;
    if (!out.empty()) out += "\r\n ";
    out += "=?UTF-8?B?" + crypto::base64_encode(std::string_view(text).substr(at, size)) + "?=";
    at += size;
  }
  return out;
}

std::string message_id(const Message& message, const Mailbox& from) {
  return "<" + message.delivery.to_string() + from.address.substr(from.address.find('@')) + ">";
}

std::string compose(const Message& message, const Mailbox& from, TimeUs now) {
  const Wording wording = channel::wording_of(message);
  const std::string boundary = "plumbline-" + message.delivery.to_string();
  std::string subject = wording.title.empty() ? "Plumbline" : wording.title;
  if (message.resend) subject = "[sent again] " + subject;
  std::string mail;
  const auto header = [&](std::string_view name, const std::string& value) {
    mail += std::string(name) + ": " + value + "\r\n";
  };
  header("From", (from.name.empty() ? "" : quoted_name(from.name) + " ") + "<" + from.address + ">");
  const auto to = parse_mailbox(message.to.address);
  header("To", "<" + (to ? to->address : std::string("invalid@invalid")) + ">");
  header("Subject", encoded_header(subject));
  header("Date", mail_date(now));
  header("Message-ID", message_id(message, from));
  if (is_msg_id(message.previous_ref)) {
    header("In-Reply-To", message.previous_ref);
    const bool both = is_msg_id(message.first_ref) && message.first_ref != message.previous_ref;
    header("References", both ? message.first_ref + "\r\n " + message.previous_ref : message.previous_ref);
  }
  header("Auto-Submitted", "auto-generated");
  if (!message.unsubscribe_url.empty() &&
      message.unsubscribe_url.find_first_of(" <>\r\n") == std::string::npos) {
    header("List-Unsubscribe", "<" + message.unsubscribe_url + ">");
    header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click");
  }
  header("MIME-Version", "1.0");
  header("Content-Type", "multipart/alternative;\r\n boundary=\"" + boundary + "\"");
  mail += "\r\n--" + boundary + "\r\n" + part("text/plain", text_part(message, wording));
  mail += "--" + boundary + "\r\n" + part("text/html", html_part(message, wording));
  return mail + "--" + boundary + "--\r\n";
}

}  // namespace plumbline::email
