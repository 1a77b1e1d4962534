#include "sinks/postgres/drift_settings.h"

#include "sinks/postgres/tenants.h"
#include "sinks/postgres/trace_store_arrays.h"
#include "sinks/postgres/transaction.h"

namespace plumbline::postgres {
namespace {

constexpr std::size_t kMatchersMax = 100;  // of a kind; also a check of the table
constexpr std::size_t kMatcherBytesMax = 200;

// One row for each matcher: no array text is parsed here.
constexpr const char* kAll =
    "SELECT tenant_id, 'i', unnest(ids) FROM plumbline.drift_matchers UNION ALL "
    "SELECT tenant_id, 'w', unnest(words) FROM plumbline.drift_matchers ORDER BY 1, 2";
constexpr const char* kOne =
    "SELECT tenant_id, 'i', unnest(ids) FROM plumbline.drift_matchers WHERE tenant_id = $1::uuid UNION ALL "
    "SELECT tenant_id, 'w', unnest(words) FROM plumbline.drift_matchers WHERE tenant_id = $1::uuid";
constexpr const char* kSet =
    "INSERT INTO plumbline.drift_matchers (tenant_id, ids, words) VALUES ($1::uuid, $2::text[], $3::text[]) "
    "ON CONFLICT (tenant_id) DO UPDATE SET ids = excluded.ids, words = excluded.words, updated_at = now()";

std::vector<DriftMatchersRow> matchers_of(const pg::Rows& rows) {
  std::vector<DriftMatchersRow> found;
  for (int i = 0; i < rows.size(); ++i) {
    const TenantId tenant{Uuid::parse(rows.text(i, 0)).value_or(Uuid{})};
    if (found.empty() || found.back().tenant != tenant) found.push_back({tenant, {}, {}});
    (rows.text(i, 1) == "i" ? found.back().ids : found.back().words).emplace_back(rows.text(i, 2));
  }
  return found;
}

Status check(const std::vector<std::string>& matchers) {
  if (matchers.size() > kMatchersMax) {
    return poison("matchers", std::to_string(matchers.size()) + " matchers of one kind; at most 100");
  }
  for (const std::string& matcher : matchers) {
    if (matcher.empty() || matcher == "*" || matcher.size() > kMatcherBytesMax) {
      return poison("matchers",
                    "a matcher has 1 to 200 bytes and is more than '*', which everything matches");
    }
  }
  return ok_status();
}

}  // namespace

Result<DriftSettings> load_drift_settings(pg::Connection& c) {
  DriftSettings settings;
  auto rows = c.query(kAll);
  if (!rows) return rows.error();
  settings.matchers = matchers_of(*rows);
  auto erased = c.query("SELECT id FROM plumbline.tenants WHERE status = 'erased'");
  if (!erased) return erased.error();
  for (int i = 0; i < erased->size(); ++i) {
    if (const auto id = Uuid::parse(erased->text(i, 0))) settings.erased.push_back({*id});
  }
  return settings;
}

Result<std::optional<DriftMatchersRow>> drift_matchers(pg::Connection& c, TenantId tenant) {
  auto rows = c.query(kOne, {tenant.value.to_string()});
  if (!rows) return rows.error();
  auto found = matchers_of(*rows);
  if (found.empty()) return std::optional<DriftMatchersRow>{};
  return std::optional(std::move(found.front()));
}

Status set_drift_matchers(pg::Connection& c, const DriftMatchersRow& row, std::string_view actor) {
  if (row.ids.empty() && row.words.empty()) {
    return poison("matchers",
                  "without a matcher nothing would be a layer violation; name one, or reset to the "
                  "defaults");
  }
  if (Status good = check(row.ids); !good) return good;
  if (Status good = check(row.words); !good) return good;
  TextArray ids, words;
  for (const std::string& id : row.ids) ids.add(id);
  for (const std::string& word : row.words) words.add(word);
  return in_transaction(c, [&]() -> Status {
    auto done = c.query(kSet, {row.tenant.value.to_string(), ids.text(), words.text()});
    if (!done) return done.error();
    return audit(c, row.tenant, actor, "drift.matchers.set", row.tenant.value.to_string());
  });
}

Status reset_drift_matchers(pg::Connection& c, TenantId tenant, std::string_view actor) {
  return in_transaction(c, [&]() -> Status {
    auto done = c.query("DELETE FROM plumbline.drift_matchers WHERE tenant_id = $1::uuid",
                        {tenant.value.to_string()});
    if (!done) return done.error();
    return audit(c, tenant, actor, "drift.matchers.reset", tenant.value.to_string());
  });
}

}  // namespace plumbline::postgres
