#include "sinks/postgres/dictionary.h"

namespace plumbline::postgres {
namespace {

constexpr std::string_view kColumns =
    "SELECT k.relname, CASE WHEN k.relkind = 'v' THEN 'view' ELSE 'table' END, "
    "coalesce(obj_description(k.oid, 'pg_class'), ''), a.attname, format_type(a.atttypid, a.atttypmod), "
    "coalesce(col_description(k.oid, a.attnum), '') "
    "FROM pg_class k JOIN pg_attribute a ON a.attrelid = k.oid AND a.attnum > 0 AND NOT a.attisdropped "
    "WHERE k.relnamespace = 'plumbline'::regnamespace AND k.relkind IN ('r', 'p', 'v') AND NOT "
    "k.relispartition "
    "AND has_column_privilege('plumbline_analyst', k.oid, a.attnum, 'SELECT') "
    "ORDER BY k.relkind <> 'v', k.relname COLLATE \"C\", a.attnum";

// A cell of a Markdown table.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

}  // namespace

Result<std::string> analyst_dictionary(pg::Connection& connection) {
  auto rows = connection.query(kColumns);
  if (!rows) return rows.error();
  std::string out, last;
  for (int i = 0; i < rows->size(); ++i) {
    const std::string name(rows->text(i, 0));
    if (name != last) {
      out += "\n### " + name + "\n\n" + std::string(rows->text(i, 1)) + ": " + cell(rows->text(i, 2)) +
             "\n\n| column | type | meaning |\n|---|---|---|\n";
      last = name;
    }
    out += "| " + cell(rows->text(i, 3)) + " | " + cell(rows->text(i, 4)) + " | " + cell(rows->text(i, 5)) +
           " |\n";
  }
  return out;
}

}  // namespace plumbline::postgres
