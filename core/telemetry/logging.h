// Structured logs: one escaped JSON object a line on standard error. Never a payload, never a secret: fields
// are names, counts, codes and reasons. Who reads standard error may stop reading: lines are then dropped and
// counted instead of making somebody wait (patient_sink.h). Thread-safe.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <variant>

#include "core/result.h"

namespace plumbline::telemetry {

enum class Level { kDebug, kInfo, kWarn, kError };

struct Field {
  std::string_view name;
  std::variant<std::string_view, std::int64_t, double, bool> value;
};

void set_level(Level level);
void write(Level level, std::string_view event, std::initializer_list<Field> fields = {});

inline void info(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::kInfo, event, fields);
}
inline void warn(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::kWarn, event, fields);
}
inline void error(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::kError, event, fields);
}

}  // namespace plumbline::telemetry
