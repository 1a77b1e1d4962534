#include "core/pg/error.h"

#include <libpq-fe.h>

namespace plumbline::pg {
namespace {

std::string_view field(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text == nullptr ? std::string_view{} : std::string_view{text};
}

std::string one_line(std::string_view text) {
  std::string line(text);
  while (!line.empty() && (line.back() == '\n' || line.back() == ' ')) line.pop_back();
  for (char& c : line) {
    if (c == '\n' || c == '\r' || c == '\t') c = ' ';
  }
  return line;
}

bool starts(std::string_view state, std::string_view prefix) {
  return state.substr(0, prefix.size()) == prefix;
}

// Names instead of the message: the message of these classes quotes the value that was refused.
std::string data_message(const PGresult* result, std::string_view state) {
  std::string text = starts(state, "22") ? "PostgreSQL refuses a value" : "PostgreSQL refuses a row";
  if (state == "22P02") text += ": text that is not of the column's type";
  if (state == "22003") text += ": number out of range";
  if (state == "22021" || state == "22P05") text += ": characters that the database can't hold";
  if (state == "23505") text += ": it exists already";
  if (state == "23503") text += ": what it refers to is missing";
  for (const auto& [code, name] :
       {std::pair{PG_DIAG_TABLE_NAME, " table "}, std::pair{PG_DIAG_COLUMN_NAME, " column "},
        std::pair{PG_DIAG_DATATYPE_NAME, " type "}, std::pair{PG_DIAG_CONSTRAINT_NAME, " constraint "}}) {
    if (const auto value = field(result, code); !value.empty()) text.append(name).append(value);
  }
  return text;
}

}  // namespace

Fault classify(std::string_view state, std::string_view source_function) {
  if (state.empty() || starts(state, "08") || starts(state, "53") || starts(state, "58"))
    return Fault::kRetryable;
  // Rolled back by concurrency; a server that stops, starts, or has become a standby; a lock or statement
  // time-out.
  for (std::string_view code : {"40001", "40P01", "40003", "57014", "57P01", "57P02", "57P03", "57P05",
                                "55P03", "55006", "25006", "25P03"}) {
    if (state == code) return Fault::kRetryable;
  }
  // Data, constraint, program limit (an index row or array too large), a check of a view, RAISE in a trigger.
  for (std::string_view prefix : {"21", "22", "23", "44", "54", "P0001"}) {
    if (starts(state, prefix)) return Fault::kPoison;
  }
  if (state == "42501" && source_function == "ExecWithCheckOptions") return Fault::kPoison;
  return Fault::kFatal;
}

Error error_of(const PGconn* connection, const PGresult* result) {
  const std::string_view state = result == nullptr ? std::string_view{} : field(result, PG_DIAG_SQLSTATE);
  if (state.empty()) {
    if (PQstatus(connection) == CONNECTION_BAD) return connection_error(connection);
    return {Fault::kFatal, "protocol",
            "unexpected answer from PostgreSQL: " + one_line(PQerrorMessage(connection))};
  }
  const Fault fault = classify(state, field(result, PG_DIAG_SOURCE_FUNCTION));
  std::string text = starts(state, "22") || starts(state, "23")
                         ? data_message(result, state)
                         : "PostgreSQL: " + one_line(field(result, PG_DIAG_MESSAGE_PRIMARY));
  text.append(" (SQLSTATE ").append(state).append(")");
  return {fault, std::string(state), std::move(text)};
}

Error connection_error(const PGconn* connection) {
  return retryable("connection", "PostgreSQL connection: " + one_line(PQerrorMessage(connection)) +
                                     "; check postgres.url and that the server runs");
}

}  // namespace plumbline::pg
