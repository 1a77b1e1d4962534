// Whether everything that was sent arrived: ledger, lag, dead letters.
#include <map>

#include "console/api/page.h"
#include "console/api/remember.h"
#include "console/api/rows.h"
#include "core/codec/json_writer.h"

namespace plumbline::console {
namespace {

constexpr std::string_view kPipeline =
    "SELECT json_build_object('ledger', (SELECT json_build_object('received', coalesce(sum(b.received), 0), "
    "'accepted', coalesce(sum(b.accepted), 0), 'rejected', coalesce(sum(b.rejected), 0), 'refused', "
    "coalesce(sum(b.refused), 0), 'appended', coalesce(sum(b.appended), 0), 'stored', "
    "coalesce(sum(b.stored), 0), "
    "'duplicates', coalesce(sum(b.duplicate), 0), 'conflicts', coalesce(sum(b.conflict), 0), 'dead', "
    "coalesce(sum(b.dead), 0), 'in_flight', coalesce(sum(b.in_flight), 0), 'unconfirmed', "
    "coalesce(sum(b.unconfirmed), "
    "0), 'lost', coalesce(sum(b.lost), 0), 'overdue', coalesce(sum(b.overdue), 0), 'balanced', "
    "coalesce(bool_and(b.balanced), true)) FROM plumbline.ledger_balance b), "
    "'reasons', (SELECT coalesce(json_agg(r), '[]') FROM (SELECT outcome, reason, sum(traces)::bigint AS "
    "traces FROM "
    "plumbline.edge_reasons GROUP BY outcome, reason ORDER BY outcome, reason) r), "
    "'minutes', (SELECT coalesce(json_agg(m), '[]') FROM (SELECT g.minute AS time, sum(g.stored)::bigint AS "
    "stored FROM "
    "plumbline.ledger g WHERE g.minute > now() - interval '1 hour' GROUP BY g.minute ORDER BY g.minute) m), "
    "'dead_letters', (SELECT json_build_object('count', count(*), 'newest', max(noted_at)) FROM "
    "plumbline.dead_letters))::text";

struct Position {
  std::string consumer, topic, stopped;
  std::int64_t partition = 0, next = 0, behind_ms = -1;
  bool is_stopped = false;
};

Result<std::vector<Position>> positions(Ask& ask) {
  return as_reader(ask.database, ask.scope.tenant, [](pg::Connection& c) -> Result<std::vector<Position>> {
    auto rows = c.query(
        "SELECT consumer, topic, partition, next_offset, coalesce(stopped, ''), stopped IS NOT NULL, "
        "coalesce((extract(epoch FROM now() - received_at) * 1000)::bigint, -1) FROM plumbline.positions "
        "ORDER BY 1, "
        "2, 3 LIMIT 5000");
    if (!rows) return rows.error();
    std::vector<Position> found;
    for (int i = 0; i < rows->size(); ++i) {
      found.push_back({std::string(rows->text(i, 0)), std::string(rows->text(i, 1)),
                       std::string(rows->text(i, 4)), rows->integer(i, 2), rows->integer(i, 3),
                       rows->integer(i, 6), rows->text(i, 5) == "t"});
    }
    return found;
  });
}

// Where topics end, each partition asked once; a log that can't be reached is asked no further.
class Ends {
 public:
  explicit Ends(log::Log* log) : log_(log) {}
  std::optional<std::int64_t> of(const Position& at) {
    const auto key = std::pair(at.topic, at.partition);
    if (const auto found = known_.find(key); found != known_.end()) return found->second;
    std::optional<std::int64_t> end;
    if (log_ != nullptr) {
      auto marks = log_->watermarks({at.topic, static_cast<std::int32_t>(at.partition)});
      if (marks) end = marks->high;
      if (!marks && marks.error().fault == Fault::kRetryable) log_ = nullptr;
    }
    return known_[key] = end;
  }

 private:
  log::Log* log_;
  std::map<std::pair<std::string, std::int64_t>, std::optional<std::int64_t>> known_;
};

void write_lag(codec::JsonWriter& out, const Position& at, std::optional<std::int64_t> end) {
  out.open_object()
      .member("consumer", at.consumer)
      .member("topic", at.topic)
      .member("partition", at.partition);
  out.member("position", at.next);
  if (end) {
    const std::int64_t records = std::max<std::int64_t>(0, *end - at.next);
    out.member("end", *end).member("records", records);
    out.key("seconds");
    if (records == 0) {
      out.number(0);
    } else if (at.behind_ms >= 0) {
      out.raw(std::to_string(at.behind_ms / 1000) + "." + std::to_string(at.behind_ms % 1000 / 100));
    } else {
      out.null();
    }
  } else {
    out.key("end").null().key("records").null().key("seconds").null();
  }
  out.key("stopped");
  if (at.is_stopped) {
    out.text(at.stopped);
  } else {
    out.null();
  }
  out.close_object();
}

// $1-$2 key, $3 rows.
constexpr std::string_view kDeadLetters =
    "SELECT row_to_json(x)::jsonb - 'place', concat_ws(" PLUMBLINE_CONSOLE_KEY ", " PLUMBLINE_CONSOLE_MOMENT(
        "x.noted_at") ", x.place) FROM (SELECT d.noted_at, d.consumer, d.reason, d.detail, d.agent, d.key_id, d.received_at, "
    "d.topic, d.partition, d.log_offset AS offset, d.log_index AS index, concat_ws('/', d.consumer, d.topic, d.partition, "
    "d.log_offset, d.log_index) AS place FROM plumbline.dead_letters d WHERE d.noted_at <= coalesce($1::timestamptz, "
    "'infinity')) x WHERE (x.noted_at, x.place) < (coalesce($1::timestamptz, 'infinity'), coalesce($2::text, '')) ORDER "
    "BY x.noted_at DESC, x.place DESC LIMIT $3::int";

}  // namespace

Reply get_pipeline(Ask& ask) {
  auto sums = remembered(ask, "pipeline", kPipeline);
  if (!sums) return sums.error();
  if (!*sums) return retryable("working", "the ledger is being summed up");
  auto all = positions(ask);
  if (!all) return all.error();
  std::string body = std::move(**sums);
  body.pop_back();
  body += ",\"lag\":";
  codec::JsonWriter out(body);
  out.open_array();
  Ends ends(ask.service.log);
  for (const Position& at : *all) write_lag(out, at, ends.of(at));
  out.close_array();
  body += "}";
  return std::optional(json(std::move(body)));
}

Reply list_dead_letters(Ask& ask) {
  auto page = page_of(ask.call, 2);
  if (!page) return page.error();
  return answer_page(ask, *page, 2, kDeadLetters, {});
}

}  // namespace plumbline::console
