// How a batch meets the database: streams are read, their reports taken one by one, and what came of it is
// written.
#include <algorithm>
#include <utility>

#include "consumers/drift/drift.h"
#include "consumers/drift/meters.h"
#include "consumers/drift/rows.h"
#include "consumers/drift/state_json.h"

namespace plumbline::drift {

struct DriftConsumer::Writes {
  TimeUs now;
  std::vector<postgres::DriftStreamRow> streams;
  std::vector<postgres::DriftReportRow> added;
  struct Drop {
    postgres::DriftStreamId stream;
    std::optional<postgres::DriftReportKey> after;
    std::vector<Uuid> keep;
  };
  std::vector<Drop> drops;
  std::vector<postgres::DriftRow> drifts;
  std::vector<postgres::DriftEventRow> events;
  std::vector<std::pair<TenantId, std::vector<Uuid>>> withdrawn;
};

// In the order of ids: two processes lock rows in one order.
DriftConsumer::Groups DriftConsumer::group(std::span<const Line* const> lines) {
  Groups groups;
  ++attempt_;
  for (const Line* line : lines) {
    Heard& heard = *line->heard;
    if (std::exchange(heard.attempt, attempt_) != attempt_) {
      heard.group = groups.size();
      groups.push_back({&heard.stream, {}});
    }
    groups[heard.group].lines.push_back(line);
  }
  std::sort(groups.begin(), groups.end(),
            [](const Group& a, const Group& b) { return a.stream->id < b.stream->id; });
  return groups;
}

Status DriftConsumer::load_known(pg::Connection& connection, const Groups& groups) {
  std::vector<postgres::DriftStreamId> missing;
  const auto look = [&] {
    for (const Group& group : groups) {
      if (!cache_.contains(group.stream->id)) missing.push_back(row_id(*group.stream));
    }
  };
  look();
  if (cache_.size() + missing.size() > options_.streams_max) {
    cache_.clear();
    missing.clear();
    look();
  }
  auto rows = postgres::load_drift_streams(connection, missing);
  if (!rows) return rows.error();
  for (const postgres::DriftStreamRow& row : *rows) {
    Known made;
    made.stream = {row.id.tenant, row.repo, row.branch, row.id.stream};
    made.version = row.version;
    made.last_time = row.last_time;
    if (row.tail) made.tail = key_of_row(*row.tail);
    if (row.base) made.base = key_of_row(*row.base);
    if (!row.state.empty()) {
      auto state = state_from(row.state);
      if (!state) return state.error();
      made.state = std::move(*state);
    }
    if (row.announced_drift) made.announced = {*row.announced_drift, row.announced_incident.value_or(Uuid{})};
    cache_[row.id.stream] = std::move(made);
  }
  for (const Group& group : groups) {
    Known& known = cache_[group.stream->id];
    if (known.version == 0) known.stream = *group.stream;
  }
  return ok_status();
}

Result<std::set<const DriftConsumer::Line*>> DriftConsumer::find_copies(pg::Connection& connection,
                                                                        const Groups& groups) {
  std::vector<const Line*> asked;
  std::vector<std::pair<postgres::DriftStreamId, postgres::DriftReportKey>> keys;
  for (const Group& group : groups) {
    const Known& known = cache_.at(group.stream->id);
    for (const Line* line : group.lines) {
      if (!line->seen.judged || !known.tail || line->seen.key > *known.tail) continue;
      asked.push_back(line);
      keys.emplace_back(row_id(*group.stream), row_key(line->seen.key));
    }
  }
  auto found = postgres::known_drift_reports(connection, keys);
  if (!found) return found.error();
  std::set<const Line*> copies;
  for (const std::size_t at : *found) copies.insert(asked[at]);
  return copies;
}

Result<Begin> DriftConsumer::begin_at(pg::Connection& connection, const Known& known,
                                      const ReportKey& first) {
  Begin begin;
  if (!known.tail || first > *known.tail) {
    begin.after = known.tail;
    begin.state = known.state;
    return begin;
  }
  auto history = postgres::load_drift_history(connection, row_id(known.stream), row_key(first));
  if (!history) return history.error();
  if (history->start) {
    auto start = entry_of(*history->start);
    if (!start) return start.error();
    begin.after = start->report.key;
    begin.state = std::move(*start->kept);
  } else if (known.base) {
    auto rows = postgres::load_drift_streams(connection, std::vector{row_id(known.stream)});
    if (!rows) return rows.error();
    if (rows->empty()) return retryable("drift_stream_moved", "a stream of drift is gone; reading it again");
    auto state = state_from(rows->front().base_state);
    if (!state) return state.error();
    begin.after = known.base;
    begin.state = std::move(*state);
  }
  for (const postgres::DriftReportRow& row : history->reports) {
    auto entry = entry_of(row);
    if (!entry) return entry.error();
    begin.entries.push_back(std::move(*entry));
  }
  for (const auto& [id, key] : history->events) begin.events.emplace(id, key_of_row(key));
  return begin;
}

Status DriftConsumer::take(pg::Connection& connection, const Group& group,
                           const std::set<const Line*>& copies, Writes& writes) {
  const std::vector<const Line*>& lines = group.lines;
  Known next = cache_.at(group.stream->id);
  std::vector<const Line*> mine;
  mine.reserve(lines.size());
  std::uint64_t repeated = 0, old = 0, added = 0, late = 0;
  TimeUs last_time = next.version == 0 ? lines.front()->seen.key.time : next.last_time;
  for (const Line* line : lines) {
    last_time = std::max(last_time, line->seen.key.time);
    if (!line->seen.judged) continue;
    if (copies.contains(line)) {
      ++repeated;
    } else if (next.base && line->seen.key <= *next.base) {
      ++old;
    } else {
      __builtin_prefetch(line->seen.commit.data());  // a batch is larger than the processor's cache
      mine.push_back(line);
    }
  }
  bool changed = next.version == 0 || last_time != next.last_time;
  next.last_time = last_time;
  if (!mine.empty()) {
    const auto first = std::min_element(
        mine.begin(), mine.end(), [](const Line* a, const Line* b) { return a->seen.key < b->seen.key; });
    auto begin = begin_at(connection, next, (*first)->seen.key);
    if (!begin) return begin.error();
    Timeline timeline(next.stream, options_.flap_window, std::move(*begin), next.announced);
    timeline.reserve(mine.size());
    for (const Line* line : mine) {
      const auto tail = timeline.tail();
      if (!timeline.take(line->seen.report(), line->receipt)) {
        ++repeated;
        continue;
      }
      ++added;
      if (tail && line->seen.key < *tail) ++late;
      changed = true;
    }
    next.state = timeline.state();
    next.tail = timeline.tail();
    collect(next, timeline, writes);
    next.announced = timeline.announced();
  }
  counts_["copies"] += repeated;
  counts_["old"] += old;
  counts_["reports"] += added;
  counts_["late"] += late;
  if (!changed) return ok_status();
  postgres::DriftStreamRow row;
  row.id = row_id(next.stream);
  row.repo = next.stream.repo;
  row.branch = next.stream.branch;
  row.version = next.version;
  row.last_time = next.last_time;
  if (next.tail) {
    row.tail = row_key(*next.tail);
    row.state = to_json(next.state);
  }
  if (next.announced) {
    row.announced_drift = next.announced->drift;
    row.announced_incident = next.announced->incident;
  }
  writes.streams.push_back(std::move(row));
  ++next.version;
  next_.push_back(std::move(next));
  return ok_status();
}

void DriftConsumer::collect(const Known& known, Timeline& timeline, Writes& writes) {
  const Stream& stream = known.stream;
  std::map<Uuid, Event> events;  // the last of an id: it may come, go and come again in one batch
  std::vector<Uuid> order;
  bool touched = timeline.rewritten();
  for (const Event& event : timeline.events()) {
    if (events.insert_or_assign(event.id, event).second) order.push_back(event.id);
    touched = touched || event.what.drift;
    ++counts_[std::string(to_word(event.what.type))];
  }
  for (const Uuid& id : order) {
    writes.events.push_back(event_row(stream, events.at(id), writes.now));
    lanes_.insert(writes.events.back().lane);
  }
  if (!timeline.withdrawn().empty()) {
    writes.withdrawn.emplace_back(
        stream.tenant, std::vector<Uuid>(timeline.withdrawn().begin(), timeline.withdrawn().end()));
  }
  if (touched) collect_drifts(stream, timeline, writes);
  // A late report makes the runs behind what it began from anew; others follow the stored ones.
  std::vector<Entry> entries = timeline.take_entries();
  std::span<Entry> mine(entries);
  while (!timeline.rewritten() && !mine.empty() && mine.front().stored) mine = mine.subspan(1);
  add_runs(stream, mine, writes.added);
}

void DriftConsumer::collect_drifts(const Stream& stream, const Timeline& timeline, Writes& writes) {
  std::vector<Uuid> keep;
  for (const auto& [id, drift] : timeline.drifts()) {
    keep.push_back(id);
    writes.drifts.push_back(drift_row(stream, drift));
  }
  if (!timeline.rewritten()) return;
  std::optional<postgres::DriftReportKey> after;
  if (timeline.after()) after = row_key(*timeline.after());
  writes.drops.push_back({row_id(stream), after, std::move(keep)});
}

Status DriftConsumer::write(pg::Connection& connection, const Writes& writes) {
  // First: whoever has an older version than the row stops here.
  auto saved = postgres::save_drift_streams(connection, session_, writes.streams);
  if (!saved) return saved.error();
  if (!*saved) {
    for (const postgres::DriftStreamRow& row : writes.streams) cache_.erase(row.id.stream);
    return retryable("drift_stream_moved",
                     "another process changed a branch's drift state; reading it again");
  }
  for (const Writes::Drop& drop : writes.drops) {
    if (Status done = postgres::drop_drift_reports(connection, drop.stream, drop.after); !done) return done;
  }
  if (Status done = postgres::insert_drift_reports(connection, session_, writes.added); !done) return done;
  for (const Writes::Drop& drop : writes.drops) {
    if (Status done = postgres::drop_drifts(connection, drop.stream, drop.after, drop.keep); !done)
      return done;
  }
  if (Status done = postgres::save_drifts(connection, session_, writes.drifts); !done) return done;
  auto added = postgres::add_drift_events(connection, session_, writes.events);
  if (!added) return added.error();
  for (const auto& [tenant, ids] : writes.withdrawn) {
    if (Status done = postgres::withdraw_drift_events(connection, tenant, ids, writes.now); !done)
      return done;
  }
  return ok_status();
}

Status DriftConsumer::apply_lines(pg::Connection& connection, std::span<const Line* const> lines) {
  next_.clear();
  lanes_.clear();
  counts_.clear();
  const Groups groups = group(lines);
  if (groups.empty()) return ok_status();
  if (Status loaded = load_known(connection, groups); !loaded) return loaded;
  auto copies = find_copies(connection, groups);
  if (!copies) return copies.error();
  Writes writes;
  writes.now = clock_.now();
  for (const Group& one : groups) {
    if (Status taken = take(connection, one, *copies, writes); !taken) return taken;
  }
  return write(connection, writes);
}

Status DriftConsumer::apply(pg::Connection& connection) {
  std::vector<const Line*> living;
  living.reserve(lines_.size());
  for (const Line& line : lines_) {
    if (!line.dead) living.push_back(&line);
  }
  if (Status done = apply_lines(connection, living); !done) return done;
  if (letters_.empty()) return ok_status();
  if (Status told = publisher_.publish(letters_); !told) return told;
  auto rows = postgres::insert_dead_letters(connection, letters_);
  if (!rows) return rows.error();
  return ok_status();
}

void DriftConsumer::bury(Line& line, const Error& why) {
  line.dead = true;
  postgres::DeadLetter letter;
  letter.consumer = kConsumer;
  letter.topic = line.record->topic;
  letter.partition = line.record->partition;
  letter.offset = line.record->offset;
  letter.index = line.index;
  letter.reason = "sql_" + why.code;
  letter.detail = why.message;
  letter.tenant = line.heard->stream.tenant;
  letter.agent = loop::plain(line.record->header("agent"));
  letter.key_id = loop::plain(line.record->header("key_id"));
  letter.received_at = line.received_at;
  letter.body = loop::body_text(line.text);
  letters_.push_back(std::move(letter));
}

// Buries the lines that are refused by themselves. A part that is taken holds none.
Status DriftConsumer::part(pg::Connection& connection, std::span<Line* const> lines) {
  if (Status begun = connection.begin(); !begun) return begun;
  const Status tried = apply_lines(connection, std::vector<const Line*>(lines.begin(), lines.end()));
  connection.rollback();
  if (tried || tried.error().fault != Fault::kPoison) return tried;
  if (lines.size() == 1) {
    bury(*lines.front(), tried.error());
    return ok_status();
  }
  const std::size_t half = lines.size() / 2;
  if (Status done = part(connection, lines.first(half)); !done) return done;
  return part(connection, lines.subspan(half));
}

// Rare: what PostgreSQL refuses although the schema allows it.
Result<bool> DriftConsumer::isolate(pg::Connection& connection, const Error& /*error*/) {
  std::vector<Line*> living;
  for (Line& line : lines_) {
    if (!line.dead) living.push_back(&line);
  }
  const std::size_t before = letters_.size();
  if (living.empty()) return false;
  const Status done = part(connection, living);
  if (letters_.size() > before) return true;
  if (!done) return done.error();
  return false;
}

}  // namespace plumbline::drift
