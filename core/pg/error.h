// What a SQLSTATE means to a caller. Pure; internal to core/pg.
#pragma once
#include <string>
#include <string_view>

#include "core/result.h"

struct pg_conn;
struct pg_result;

namespace plumbline::pg {

// `source_function`: where the server raised it; tells a row that a row-level policy refuses (this data can
// never pass) from a missing privilege (an operator must act), which share SQLSTATE 42501.
[[nodiscard]] Fault classify(std::string_view sqlstate, std::string_view source_function = {});

// The failure of a statement. Holds no row values: PostgreSQL quotes them in the messages of classes 22 and
// 23, so those name the constraint and column instead.
[[nodiscard]] Error error_of(const pg_conn* connection, const pg_result* result);
// The failure of a call that gave no result: the connection is gone.
[[nodiscard]] Error connection_error(const pg_conn* connection);

}  // namespace plumbline::pg
