#include <sstream>

#include "core/codec/json_value.h"
#include "core/config/value.h"
#include "producers/agent/agent.h"
#include "producers/push/edge_clock.h"

namespace plumbline::agent {
namespace {

using codec::JsonValue;

std::int64_t whole(const JsonValue& value) {
  return static_cast<std::int64_t>(value.number().value_or(0));
}

std::string ago(const JsonValue& value, TimeUs now) {
  const auto time = parse_rfc3339(value.text());
  if (!time) return "never since its start";
  return std::string(value.text()) + " (" +
         std::to_string(std::max<std::int64_t>(0, (now.value - time->value) / 1000000)) + " s ago)";
}

}  // namespace

std::string status_text(const std::string& status, bool running, TimeUs now) {
  const auto document = JsonValue::parse(status);
  if (!document) return "the agent has not written its status yet\n";
  const JsonValue& spool = (*document)["spool"];
  const JsonValue& send = (*document)["send"];
  std::ostringstream out;
  out << (running ? "running" : "NOT running") << ", process " << whole((*document)["pid"]) << ", to "
      << (*document)["endpoint"].text() << "\n";
  out << "spool     " << whole(spool["waiting"]) << " events to send, " << whole(spool["bytes"]) << " of "
      << whole(spool["bytes_max"]) << " bytes\n";
  out << "dropped   " << whole(spool["dropped"]) << "; refused " << whole(spool["refused"])
      << " (the sender was told)";
  if (whole(spool["damaged_bytes"]) > 0)
    out << "; the disk damaged " << whole(spool["damaged_bytes"]) << " bytes";
  out << "\nlast send " << ago(send["last_sent_at"], now) << ", " << whole(send["sent"])
      << " since the start\n";
  if (!send["error"].text().empty())
    out << "sending   fails since " << whole(send["attempts"]) << " attempts: " << send["error"].text()
        << "\n";
  if (!(*document)["key_error"].text().empty())
    out << "key       can't be read again: " << (*document)["key_error"].text() << "\n";
  if (whole(send["clock_ahead_s"]) != 0)
    out << "clock     " << push::clock_words(whole(send["clock_ahead_s"]))
        << "; requests are signed by the edge's clock until this one is set\n";
  if (whole(send["deferred"]) > 0)
    out << "deferred  " << whole(send["deferred"]) << " events whose time is ahead of the edge's clock\n";
  out << "rejected  " << whole((*document)["rejected"])
      << " (rejected.ndjson in the state folder says why)\n";
  for (const JsonValue& tail : (*document)["tails"].items()) {
    out << "tail      " << tail["path"].text() << ": " << whole(tail["behind_bytes"]) << " bytes behind, "
        << whole(tail["taken"]) << " taken, " << whole(tail["refused"]) << " lines refused";
    if (!tail["error"].text().empty()) out << "; " << tail["error"].text();
    out << "\n";
  }
  for (const JsonValue& store : (*document)["stores"].items()) {
    out << "store     " << store["path"].text() << ": " << whole(store["sessions"]) << " sessions, "
        << whole(store["taken"]) << " events taken";
    if (!store["error"].text().empty()) out << "; " << store["error"].text();
    out << "\n";
  }
  return out.str();
}

}  // namespace plumbline::agent
