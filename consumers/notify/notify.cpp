#include "consumers/notify/notify.h"

#include <algorithm>

#include "consumers/notify/routing.h"
#include "core/frame.h"
#include "core/telemetry/logging.h"

namespace plumbline::notify {

std::vector<std::string> Notify::topics() const {
  return {std::string(frame::kDriftTopic)};
}

Status Notify::connected(pg::Connection&) {
  return ok_status();
}

Status Notify::assigned(pg::Connection&, std::span<const postgres::Position>) {
  return ok_status();  // what it knows is in the rows
}

std::size_t Notify::fold(std::span<const loop::Input> inputs) {
  return notify::fold(inputs, decoder_, effects_);
}

Status Notify::prepare(pg::Connection&) {
  return ok_status();
}

Status Notify::deliver(pg::Connection& connection, const postgres::NotifyRoute& to,
                       const channel::Event& event) {
  postgres::NewDelivery delivery;
  delivery.route = &to;
  delivery.event = event.id;
  delivery.thread = event.incident_id ? event.incident_id : event.drift_id;
  delivery.urgent = to.critical_passes && event.severity == channel::Severity::kCritical;
  delivery.skip_reason = skip_reason(to, event, now_, age_max_);
  ++made_[{to.kind, !delivery.skip_reason.empty()}];
  if (delivery.skip_reason.empty()) {
    if (delivery.urgent && delivery.thread) {
      if (Status urged = postgres::make_thread_urgent(connection, to, *delivery.thread); !urged) return urged;
    }
    lanes_.push_back({to.tenant, to.lane});
  }
  return postgres::add_delivery(connection, delivery, now_);
}

Status Notify::route(pg::Connection& connection, const Heard& heard) {
  const channel::Event& event = heard.event;
  auto noted = postgres::note_event(
      connection, {event.tenant, event.id, event.type, event.time, event.recorded_at, heard.body}, now_);
  if (!noted) return noted.error();
  if (!*noted) {
    ++duplicates_;
    return ok_status();
  }
  ++routed_;
  const auto [known, unread] = routes_.try_emplace(event.tenant);
  if (unread) {
    auto rows = postgres::routes_of(connection, event.tenant);
    if (!rows) return rows.error();
    known->second = std::move(*rows);
  }
  for (const postgres::NotifyRoute& to : known->second) {
    if (!wants(to, event)) continue;
    if (Status made = deliver(connection, to, event); !made) return made;
  }
  return ok_status();
}

Status Notify::apply(pg::Connection& connection) {
  now_ = clock_.now();
  routes_.clear();
  lanes_.clear();
  made_.clear();
  routed_ = duplicates_ = 0;
  for (const Heard& heard : effects_.events) {
    if (Status routed = route(connection, heard); !routed) return routed;
  }
  // Before COMMIT, so that a dead letter is never committed without being published.
  if (Status told = publisher_.publish(effects_.dead); !told) return told;
  if (auto rows = postgres::insert_dead_letters(connection, effects_.dead); !rows) return rows.error();
  std::sort(lanes_.begin(), lanes_.end());
  lanes_.erase(std::unique(lanes_.begin(), lanes_.end()), lanes_.end());
  return postgres::wake_lanes(connection, lanes_);
}

// Each event by itself in a transaction that is rolled back: what fails alone is the poison.
Result<bool> Notify::isolate(pg::Connection& connection, const Error&) {
  std::vector<Heard> good;
  std::vector<postgres::DeadLetter> bad;
  for (Heard& heard : effects_.events) {
    if (Status begun = connection.begin(); !begun) return begun.error();
    routes_.clear();
    lanes_.clear();
    const Status tried = route(connection, heard);
    connection.rollback();
    if (!tried && tried.error().fault != Fault::kPoison) return tried.error();
    if (tried) {
      good.push_back(std::move(heard));
    } else {
      const Error why = poison("sql_" + tried.error().code, tried.error().message);
      bad.push_back(dead_letter(*heard.record, why));
    }
  }
  effects_.events = std::move(good);
  const bool found = !bad.empty();
  std::move(bad.begin(), bad.end(), std::back_inserter(effects_.dead));
  return found;
}

void Notify::committed() {
  if (!lanes_.empty()) wake_.ring();
  meters_.routed.add(routed_);
  meters_.duplicate.add(duplicates_);
  meters_.muted.add(effects_.muted);
  meters_.replayed.add(effects_.replayed);
  meters_.dead.add(effects_.dead.size());
  for (const auto& [made, count] : made_) {
    if (made.second) meters_.delivery(made.first, "skipped").add(count);
  }
}

}  // namespace plumbline::notify
