#include "console/api/live.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "console/api/handlers.h"
#include "console/api/rows.h"

namespace plumbline::console {
namespace {

using namespace std::chrono_literals;
constexpr auto kTurn = 1s;
constexpr auto kWait = 5s;  // then `rate` is news enough
constexpr const char* kRetry = "retry: 1000\n\n";

// $1, $2: what was seen. One row each: event, data, and the new marks.
constexpr std::string_view kNews =
    "SELECT 'drift', row_to_json(x)::text, n.seq, 0::bigint FROM (SELECT max(seq) AS seq, drift_id FROM "
    "plumbline.drift_events WHERE seq > $1::bigint AND drift_id IS NOT NULL GROUP BY drift_id ORDER BY 1 "
    "LIMIT 50) n, "
    "LATERAL (" PLUMBLINE_CONSOLE_DRIFT
    "WHERE d.drift_id = n.drift_id) x UNION ALL "
    "SELECT 'delivery', row_to_json(x)::text, 0, m.mark FROM (SELECT delivery_id, (extract(epoch FROM "
    "coalesce(finished_at, created_at)) * 1000000)::bigint AS mark FROM plumbline.notify_deliveries WHERE "
    "coalesce(finished_at, created_at) > to_timestamp($2::bigint / 1000000.0) + interval '1 microsecond' AND "
    "created_at > "
    "now() - interval '2 days' ORDER BY 2 LIMIT 50) m, LATERAL (" PLUMBLINE_CONSOLE_DELIVERY
    "WHERE v.delivery_id = m.delivery_id) x";
constexpr std::string_view kMarks =
    "SELECT coalesce((SELECT max(seq) FROM plumbline.drift_events), 0), coalesce((SELECT (extract(epoch FROM "
    "max(coalesce(finished_at, created_at))) * 1000000)::bigint FROM plumbline.notify_deliveries WHERE "
    "created_at > "
    "now() - interval '2 days'), 0)";
constexpr std::string_view kRate =
    "SELECT json_build_object('events_per_s_5m', round(coalesce(sum(stored) FILTER (WHERE minute >= "
    "date_trunc('minute', "
    "now()) - interval '5 minutes'), 0) / 300.0, 2), 'stored_total', coalesce(sum(stored), 0))::text FROM "
    "plumbline.ledger";

void append_event(std::string& out, std::string_view event, std::string_view data) {
  out.append("event: ").append(event).append("\ndata: ").append(data).append("\n\n");
}

Answer events(const LiveCursor& now, std::string_view text) {
  Answer answer{.content_type = "text/event-stream"};
  answer.fields = "Cache-Control: no-store\r\n";
  answer.body = kRetry;
  answer.body += "id: " + now.text() + "\n";
  answer.body += text.empty() ? ": nothing new\n\n" : text;
  return answer;
}

struct News {
  LiveCursor now;
  std::string text;
};

Result<News> news_of(Database& database, TenantId tenant, LiveCursor since, bool with_rate) {
  return as_reader(database, tenant, [&](pg::Connection& c) -> Result<News> {
    News news{since, ""};
    if (since.drift < 0 || since.delivery < 0) {
      auto marks = c.query(kMarks);
      if (!marks) return marks.error();
      news.now = {marks->integer(0, 0), marks->integer(0, 1)};
    } else {
      auto rows = c.query(kNews, {std::to_string(since.drift), std::to_string(since.delivery)});
      if (!rows) return rows.error();
      for (int i = 0; i < rows->size(); ++i) {
        append_event(news.text, rows->text(i, 0), rows->text(i, 1));
        news.now.drift = std::max(news.now.drift, rows->integer(i, 2));
        news.now.delivery = std::max(news.now.delivery, rows->integer(i, 3));
      }
    }
    if (with_rate || !news.text.empty() || since.drift < 0) {
      auto rate = c.query(kRate);
      if (!rate) return rate.error();
      append_event(news.text, "rate", rate->text(0, 0));
    }
    return news;
  });
}

}  // namespace

std::string LiveCursor::text() const {
  return std::to_string(drift) + "." + std::to_string(delivery);
}

LiveCursor LiveCursor::parse(std::string_view text) {
  LiveCursor cursor;
  const auto dot = text.find('.');
  if (dot == std::string_view::npos) return cursor;
  const auto first = text.substr(0, dot), second = text.substr(dot + 1);
  std::int64_t drift = -1, delivery = -1;
  if (std::from_chars(first.data(), first.data() + first.size(), drift).ec != std::errc() ||
      std::from_chars(second.data(), second.data() + second.size(), delivery).ec != std::errc()) {
    return cursor;
  }
  return {drift, delivery};
}

void Live::start() {
  thread_ = std::thread([this] { run(); });
}

void Live::stop() {
  std::vector<Waiter> left;
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    left.swap(waiters_);
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  for (Waiter& waiter : left) waiter.reply(events(waiter.since, ""));
}

void Live::wait(TenantId tenant, LiveCursor since, Reply reply) {
  {
    const std::scoped_lock lock(mutex_);
    if (!stopping_ && waiters_.size() < kWaitersMax) {
      waiters_.push_back({tenant, since, std::chrono::steady_clock::now() + kWait, std::move(reply)});
      wake_.notify_all();
      return;
    }
  }
  reply(events(since, ""));
}

void Live::run() {
  for (;;) {
    std::vector<Waiter> now;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !waiters_.empty(); });
      wake_.wait_for(lock, kTurn / 4, [this] { return stopping_; });
      if (stopping_) return;
      now.swap(waiters_);
    }
    turn(std::move(now));
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, kTurn, [this] { return stopping_; });
  }
}

// Each waiter with the same mark of the same tenant gets what one look found.
void Live::turn(std::vector<Waiter> waiters) {
  const auto now = std::chrono::steady_clock::now();
  std::vector<std::pair<std::string, Result<News>>> looked;
  for (Waiter& waiter : waiters) {
    const bool due = now >= waiter.until;
    const std::string key = waiter.tenant.value.to_string() + waiter.since.text() + (due ? "!" : "");
    auto found =
        std::find_if(looked.begin(), looked.end(), [&](const auto& each) { return each.first == key; });
    if (found == looked.end()) {
      looked.emplace_back(key, news_of(database_, waiter.tenant, waiter.since, due));
      found = looked.end() - 1;
    }
    const Result<News>& news = found->second;
    if (news && !news->text.empty()) {
      waiter.reply(events(news->now, news->text));
    } else if (due) {
      waiter.reply(events(waiter.since, ""));
    } else {
      const std::scoped_lock lock(mutex_);
      if (!stopping_) {
        waiters_.push_back(std::move(waiter));
        continue;
      }
      waiter.reply(events(waiter.since, ""));
    }
  }
}

Reply get_live(Ask& ask) {
  ask.service.live->wait(ask.scope.tenant, LiveCursor::parse(ask.call.last_event_id), ask.later);
  return std::optional<Answer>();
}

}  // namespace plumbline::console
