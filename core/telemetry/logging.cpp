#include "core/telemetry/logging.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/telemetry/patient_sink.h"

namespace plumbline::telemetry {
namespace {

spdlog::logger& logger() {
  static const auto made = [] {
    auto to_stderr =
        std::make_shared<spdlog::logger>("plumbline", std::make_shared<PatientSink>(STDERR_FILENO));
    to_stderr->set_pattern("%v");  // the line is complete JSON already
    return to_stderr;
  }();
  return *made;
}

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kInfo:
      return spdlog::level::info;
    case Level::kWarn:
      return spdlog::level::warn;
    case Level::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

constexpr std::string_view word(Level level) {
  constexpr std::string_view kWords[] = {"debug", "info", "warn", "error"};
  return kWords[static_cast<std::size_t>(level)];
}

void append_escaped(std::string& line, std::string_view text) {
  line += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      line += '\\';
      line += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      fmt::format_to(std::back_inserter(line), "\\u{:04x}", byte);
    } else {
      line += c;
    }
  }
  line += '"';
}

struct AppendValue {
  std::string& line;
  void operator()(std::string_view text) const { append_escaped(line, text); }
  void operator()(std::int64_t number) const { fmt::format_to(std::back_inserter(line), "{}", number); }
  void operator()(double number) const { fmt::format_to(std::back_inserter(line), "{:.6g}", number); }
  void operator()(bool truth) const { line += truth ? "true" : "false"; }
};

}  // namespace

void set_level(Level level) {
  logger().set_level(to_spdlog(level));
}

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
  if (!logger().should_log(to_spdlog(level))) return;
  std::string line = R"({"ts":")" + format_rfc3339(SystemClock().now()) + R"(","level":")";
  line += word(level);
  line += R"(","event":)";
  append_escaped(line, event);
  for (const Field& field : fields) {
    line += ',';
    append_escaped(line, field.name);
    line += ':';
    std::visit(AppendValue{line}, field.value);
  }
  line += '}';
  logger().log(to_spdlog(level), fmt::string_view("{}"), line);
}

}  // namespace plumbline::telemetry
