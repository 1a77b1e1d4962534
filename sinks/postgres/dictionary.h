// The data dictionary of what analysts may read, made from the comments in SQL: docs/analyst.md holds it, and
// a test compares. Stateless; one connection, one thread.
#pragma once
#include <string>

#include "core/pg/connection.h"
#include "core/result.h"

namespace plumbline::postgres {

// Markdown: a heading and a table of columns for each table and view that plumbline_analyst may read, views
// first. Columns that are not granted are left out. Any role that may read the catalogue.
Result<std::string> analyst_dictionary(pg::Connection& connection);

}  // namespace plumbline::postgres
