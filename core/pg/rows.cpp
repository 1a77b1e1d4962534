#include <charconv>
#include <utility>

#include <libpq-fe.h>

#include "core/pg/connection.h"

namespace plumbline::pg {

Rows::Rows(pg_result* result) : result_(result) {}
Rows::~Rows() {
  PQclear(result_);
}  // a no-op for nullptr
Rows::Rows(Rows&& other) noexcept : result_(std::exchange(other.result_, nullptr)) {}
Rows& Rows::operator=(Rows&& other) noexcept {
  std::swap(result_, other.result_);
  return *this;
}

int Rows::size() const {
  return PQntuples(result_);
}

std::int64_t Rows::affected() const {
  const std::string_view text = PQcmdTuples(result_);
  std::int64_t count = 0;
  std::from_chars(text.data(), text.data() + text.size(), count);
  return count;
}

bool Rows::is_null(int row, int column) const {
  return PQgetisnull(result_, row, column) == 1;
}

std::string_view Rows::text(int row, int column) const {
  if (row < 0 || row >= PQntuples(result_) || column < 0 || column >= PQnfields(result_)) return {};
  return {PQgetvalue(result_, row, column), static_cast<std::size_t>(PQgetlength(result_, row, column))};
}

std::int64_t Rows::integer(int row, int column) const {
  const std::string_view value = text(row, column);
  std::int64_t number = 0;
  std::from_chars(value.data(), value.data() + value.size(), number);
  return number;
}

}  // namespace plumbline::pg
