#include "tests/chaos/notify/receipts.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "core/codec/json_value.h"
#include "tests/support/fakes.h"

namespace plumbline::tests {
namespace {

codec::JsonValue parsed(const std::string& json) {
  auto value = codec::JsonValue::parse(json);
  if (!value) throw std::runtime_error("no JSON: " + json.substr(0, 200));
  return std::move(*value);
}

}  // namespace

std::vector<std::string> lines_of(const std::filesystem::path& file) {
  std::vector<std::string> lines;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::vector<std::filesystem::path> mails_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    if (file.path().extension() == ".eml") files.push_back(file.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string Receipts::name(const std::string& route, const std::string& type, const std::string& repo) {
  return route + " " + type + " " + repo;
}

Receipt Receipts::of(const std::string& name) const {
  const auto found = all_.find(name);
  return found == all_.end() ? Receipt{} : found->second;
}

void Receipts::add(const std::string& route, const std::string& title, bool flagged) {
  const std::size_t repo = title.find("repo-"), end = title.find("-end");
  if (repo == std::string::npos || end == std::string::npos) {
    bad_ += "a message about nothing: " + title + "\n";
    return;
  }
  const bool resolved = title.find("Resolved: ") != std::string::npos;
  Receipt& receipt =
      all_[name(route, resolved ? "drift.resolved" : "drift.opened", title.substr(repo, end + 4 - repo))];
  ++(flagged ? receipt.flagged : receipt.plain);
}

void Receipts::read_slack(const std::filesystem::path& file) {
  for (const std::string& line : lines_of(file)) {
    const auto call = parsed(line);
    // A webhook's path ends with the route's name, an app's channel with its number.
    const std::string channel(call["channel"].text()), text(call["text"].text());
    const std::string route = "route-" + std::string(1, channel.back());
    const bool flagged = text.find("Sent again") != std::string::npos;
    // The blocks as they are now; behind them stands what earlier edits said.
    const std::size_t from = line.find("\"blocks\""), to = line.find("\"edits\"", from);
    const bool shown =
        line.substr(from, to - from).find("an earlier attempt may have arrived") != std::string::npos;
    if (flagged != shown) bad_ += "the text and the blocks disagree: " + line + "\n";
    add(route, text, flagged);
  }
}

void Receipts::read_hooks(const std::filesystem::path& file) {
  for (const std::string& line : lines_of(file)) {
    const auto got = parsed(line);
    if (got["verified"].boolean() != true) bad_ += "not signed: " + line + "\n";
    const auto& body = got["body"];
    const std::string title = (body["type"].text() == "drift.resolved" ? "Resolved: " : "") +
                              std::string(body["events"].at(0)["repo"].text());
    add(std::string(body["route"].text()), title, body["resend"].boolean() == true);
  }
}

void Receipts::read_mails(const std::filesystem::path& folder) {
  std::vector<std::string> files;
  for (const auto& file : mails_in(folder)) files.push_back(file.string());
  std::istringstream read(files.empty() ? "" : run_script("read_mail.py", files));
  for (std::string line; std::getline(read, line);) {
    const auto mail = parsed(line);
    std::string to(mail["headers"]["To"].text());
    to = to.substr(to.find("route-"), 7);
    const std::string subject(mail["headers"]["Subject"].text());
    const bool flagged = subject.find("[sent again]") != std::string::npos;
    if (flagged != (mail["text"].text().find("Sent again:") != std::string::npos))
      bad_ += "subject and text disagree: " + subject + "\n";
    add(to, subject, flagged);
  }
}

Comparison compare(const Receipts& got, const TestDatabase& database) {
  auto super = database.superuser();
  const auto rows =
      require(super.query("SELECT r.name, e.type, e.body::json ->> 'repo', d.resend::int FROM "
                          "plumbline.notify_deliveries d JOIN "
                          "plumbline.notify_routes r USING (tenant_id, route_id) JOIN "
                          "plumbline.notify_events e USING (tenant_id, event_id)"));
  Comparison made;
  made.rows = rows.size();
  const auto say = [&made](bool wrong, const std::string& which, const char* what) {
    if (wrong) made.bad += which + what + "\n";
  };
  for (int i = 0; i < rows.size(); ++i) {
    const std::string which = Receipts::name(std::string(rows.text(i, 0)), std::string(rows.text(i, 1)),
                                             std::string(rows.text(i, 2)));
    const bool resend = rows.integer(i, 3) != 0;
    const Receipt receipt = got.of(which);
    say(receipt.plain + receipt.flagged < 1, which, " was never told");
    say(receipt.plain > 1, which, " was told twice without saying so");
    say(receipt.flagged > 0 && !resend, which, " says that it is sent again, the table does not");
    say(!resend && receipt.plain != 1, which, " has no first message");
    made.flagged += receipt.flagged;
    made.rows_flagged += resend ? 1 : 0;
  }
  if (got.size() != static_cast<std::size_t>(made.rows))
    made.bad += "something was sent that was not to be\n";
  made.bad += got.bad();
  return made;
}

}  // namespace plumbline::tests
