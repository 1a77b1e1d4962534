#include "producers/agent/intake.h"

#include <future>
#include <memory>

namespace plumbline::agent {

// A line says its kind itself; its endpoint follows from it.
Status Intake::judge(const std::string& line, bool& report) {
  report = false;
  const auto trace = decoder_.decode(line, codec::Endpoint::kTraces);
  if (trace) return ok_status();
  const Error first = trace.error();
  if (first.code != "wrong_endpoint" && first.code != "too_large") return first;
  report = true;
  const auto as_report = decoder_.decode(line, codec::Endpoint::kReports);
  if (as_report) return ok_status();
  return as_report.error().code == "wrong_endpoint" ? first : as_report.error();
}

Result<Item> Intake::prepare(const std::string& line) {
  Item item;
  if (Status judged = judge(line, item.report); !judged) return judged.error();
  item.line = redactor_.apply(line);
  if (item.line == line) return item;
  // A rule may drop what the schema asks for: better said here than by the edge.
  if (Status judged = judge(item.line, item.report); !judged)
    return poison(judged.error().code, "after redaction: " + judged.error().message);
  return item;
}

void Intake::take(const std::vector<std::string>& lines, Done done) {
  auto taken = std::make_shared<Taken>();
  std::vector<Item> items;
  items.reserve(lines.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    auto item = prepare(lines[i]);
    if (item) {
      items.push_back(std::move(*item));
    } else {
      taken->refused.push_back({i, item.error().code, item.error().message});
    }
  }
  taken->accepted = items.size();
  if (items.empty()) return done(std::move(*taken));
  spool_.append(std::move(items), [taken, done = std::move(done)](Status status) {
    if (!status) taken->accepted = 0;
    taken->status = std::move(status);
    done(std::move(*taken));
  });
}

Taken Intake::take(const std::vector<std::string>& lines) {
  auto promise = std::make_shared<std::promise<Taken>>();
  auto future = promise->get_future();
  take(lines, [promise](Taken taken) { promise->set_value(std::move(taken)); });
  return future.get();
}

}  // namespace plumbline::agent
