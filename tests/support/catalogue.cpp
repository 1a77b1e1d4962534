#include "tests/support/catalogue.h"

#include <stdexcept>

#include "tests/support/postgres.h"

namespace plumbline::tests {
namespace {

// A value for a column that must have one, so that every table gets a row for each tenant without being named
// here.
std::string sample(std::string_view type) {
  if (type == "uuid") return "gen_random_uuid()";
  if (type == "timestamp with time zone") return "now()";
  if (type == "date") return "now()::date";
  if (type == "bytea") return "'\\x01'::bytea";
  if (type == "boolean") return "true";
  if (type == "jsonb" || type == "json") return "'{}'";
  if (type == "text") return "substr(md5(random()::text), 1, 20)";
  if (type == "\"char\"") return "'o'";
  if (type.find("[]") != std::string_view::npos) return "'{}'";
  return "1";
}

// Literals for checked columns (status words, ranges): the first literal that the column's own checks name.
std::string checked_sample(pg::Connection& super, const std::string& table, const std::string& column) {
  auto rows = require(super.query(
      "SELECT substring(pg_get_constraintdef(c.oid) from '''([a-z0-9_]+)''') FROM pg_constraint c JOIN "
      "pg_attribute a "
      "ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey) WHERE c.contype = 'c' AND c.conrelid = "
      "('plumbline.' || $1)::regclass AND a.attname = $2 AND cardinality(c.conkey) = 1 AND "
      "pg_get_constraintdef(c.oid) "
      "LIKE '%ARRAY[%'",
      {table, column}));
  return rows.size() > 0 ? "'" + std::string(rows.text(0, 0)) + "'" : "";
}

void insert_row(pg::Connection& super, const Relation& r, const std::string& tenant) {
  auto columns = require(super.query(
      "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = ('plumbline.' || "
      "$1)::regclass AND attnum > 0 "
      "AND NOT attisdropped AND (attnotnull AND NOT atthasdef AND attidentity = '' OR attname = $2)",
      {r.name, r.tenant_column}));
  std::string names, values;
  for (int i = 0; i < columns.size(); ++i) {
    const std::string name(columns.text(i, 0));
    std::string value = checked_sample(super, r.name, name);
    if (name == r.tenant_column) value = "'" + tenant + "'";
    if (name == "payload" || name == "summary") value = "'{}'";  // text that views read as JSON
    if (value.empty()) value = sample(columns.text(i, 1));
    names += (i > 0 ? ", \"" : "\"") + name + "\"";
    values += (i > 0 ? ", " : "") + value;
  }
  const Status added =
      super.execute("INSERT INTO plumbline." + r.name + " (" + names + ") VALUES (" + values + ")");
  if (!added) throw std::runtime_error(r.name + ": " + added.error().message);
}

void run(pg::Connection& super, const std::string& sql) {
  if (const Status done = super.execute(sql); !done)
    throw std::runtime_error(sql + ": " + done.error().message);
}

}  // namespace

std::vector<Relation> relations(pg::Connection& super) {
  auto rows =
      require(super.query("SELECT k.relname, coalesce(a.attname, 'id'), k.relkind, k.relispartition, "
                          "k.relrowsecurity, k.relforcerowsecurity, "
                          "coalesce(k.reloptions::text, '') FROM pg_class k LEFT JOIN pg_attribute a ON "
                          "a.attrelid = k.oid AND a.attname = 'tenant_id' AND "
                          "NOT a.attisdropped WHERE k.relnamespace = 'plumbline'::regnamespace AND k.relkind "
                          "IN ('r', 'p', 'v', 'm', 'f') "
                          "AND (a.attname IS NOT NULL OR k.relname = 'tenants') ORDER BY 1"));
  std::vector<Relation> found;
  for (int i = 0; i < rows.size(); ++i) {
    found.push_back({std::string(rows.text(i, 0)), std::string(rows.text(i, 1)), rows.text(i, 2)[0],
                     rows.text(i, 3) == "t", rows.text(i, 4) == "t", rows.text(i, 5) == "t",
                     std::string(rows.text(i, 6))});
  }
  return found;
}

void fill_every_table(pg::Connection& super, const std::vector<std::string>& tenants) {
  const auto partitioned =
      require(super.query("SELECT to_regprocedure('plumbline.ensure_partition(date)') IS NOT NULL"));
  if (partitioned.text(0, 0) == "t")
    (void)require(super.query("SELECT plumbline.ensure_partition((now() AT TIME ZONE 'UTC')::date)"));
  // Foreign keys and many-column checks are not what is tested with these rows.
  run(super, "SET session_replication_role = replica");
  run(super,
      "DO $$ DECLARE item record; BEGIN FOR item IN SELECT conrelid::regclass AS t, conname FROM "
      "pg_constraint "
      "WHERE contype = 'c' AND connamespace = 'plumbline'::regnamespace AND cardinality(conkey) > 1 AND "
      "coninhcount = 0 "
      "LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', item.t, item.conname); END LOOP; END $$");
  for (const Relation& r : relations(super)) {
    if ((r.kind != 'r' && r.kind != 'p') || r.partition) continue;
    for (const std::string& tenant : tenants) insert_row(super, r, tenant);
  }
}

}  // namespace plumbline::tests
