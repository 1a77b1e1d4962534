// The drift feed and what became of its notifications.
#include "console/api/page.h"
#include "console/api/rows.h"

namespace plumbline::console {
namespace {

// $1 state, $2 repository, $3-$4 key, $5 rows.
constexpr std::string_view kDrifts =
    "SELECT row_to_json(x)::text, concat_ws(" PLUMBLINE_CONSOLE_KEY
    ", " PLUMBLINE_CONSOLE_MOMENT("x.opened_at") ", x.id) FROM (" PLUMBLINE_CONSOLE_DRIFT
                                                 "WHERE ($1::text IS NULL OR d.state = $1) AND ($2::text IS "
                                                 "NULL OR d.repo = $2) AND (d.opened_at, d.drift_id) < "
                                                 "(coalesce($3::timestamptz, 'infinity'), coalesce($4::uuid, "
                                                 "'ffffffff-ffff-ffff-ffff-ffffffffffff')) ORDER BY "
                                                 "d.opened_at DESC, d.drift_id DESC LIMIT $5::int) x ORDER "
                                                 "BY x.opened_at DESC, x.id DESC";

constexpr std::string_view kDrift =
    "SELECT (to_jsonb(x) || jsonb_build_object('violations', (SELECT y.violations FROM plumbline.drifts y "
    "WHERE "
    "y.drift_id = x.id), "
    "'deliveries', (SELECT coalesce(jsonb_agg(v ORDER BY v.created_at DESC), '[]') FROM "
    "(" PLUMBLINE_CONSOLE_DELIVERY
    "WHERE v.event_id IN (SELECT event_id FROM plumbline.drift_events WHERE drift_id = $1::uuid) LIMIT 200) "
    "v), "
    "'events', (SELECT coalesce(jsonb_agg(e ORDER BY e.recorded_at, e.id), '[]') FROM (SELECT n.event_id AS "
    "id, n.type, "
    "n.time, n.recorded_at, n.notify, n.late, n.correction, n.withdrawn_at IS NOT NULL AS withdrawn, "
    "n.body::json ->> "
    "'summary' AS summary FROM plumbline.drift_events n WHERE n.drift_id = $1::uuid ORDER BY n.recorded_at "
    "LIMIT 200) "
    "e)))::text FROM (" PLUMBLINE_CONSOLE_DRIFT "WHERE d.drift_id = $1::uuid) x";

// $1 route, $2 state, $3-$4 key, $5 rows.
constexpr std::string_view kDeliveries =
    "SELECT row_to_json(x)::text, concat_ws(" PLUMBLINE_CONSOLE_KEY ", " PLUMBLINE_CONSOLE_MOMENT(
        "x.created_at") ", x.id) FROM (" PLUMBLINE_CONSOLE_DELIVERY
                        "WHERE ($1::uuid IS NULL OR v.route_id = $1) AND ($2::text IS NULL OR v.state = $2) "
                        "AND (v.created_at, "
                        "v.delivery_id) < (coalesce($3::timestamptz, 'infinity'), coalesce($4::uuid, "
                        "'ffffffff-ffff-ffff-ffff-ffffffffffff')) ORDER BY v.created_at DESC, v.delivery_id "
                        "DESC LIMIT $5::int) x ORDER BY "
                        "x.created_at DESC, x.id DESC";

}  // namespace

Reply list_drifts(Ask& ask) {
  auto page = page_of(ask.call, 2);
  if (!page) return page.error();
  auto state = word_parameter(ask.call, "state", {"open", "resolved"});
  if (!state) return state.error();
  auto repo = text_parameter(ask.call, "repo", 2048);
  if (!repo) return repo.error();
  return answer_page(ask, *page, 2, kDrifts, {param_of(*state), param_of(*repo)});
}

Reply get_drift(Ask& ask) {
  if (!Uuid::parse(ask.parts[0])) return std::optional(not_found());
  auto found = one_json(ask, kDrift, {ask.parts[0]});
  if (!found) return found.error();
  return std::optional(*found ? json(std::move(**found)) : not_found());
}

Reply list_deliveries(Ask& ask) {
  auto page = page_of(ask.call, 2);
  if (!page) return page.error();
  auto state = word_parameter(ask.call, "state", {"pending", "claimed", "delivered", "failed", "skipped"});
  if (!state) return state.error();
  auto route = text_parameter(ask.call, "route", 36);
  if (!route) return route.error();
  if (*route && !Uuid::parse(**route)) return poison("bad_request", "route must be the id of a route");
  return answer_page(ask, *page, 2, kDeliveries, {param_of(*route), param_of(*state)});
}

}  // namespace plumbline::console
