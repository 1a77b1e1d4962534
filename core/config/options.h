// The table that binds each option's name, bound and meaning to its member of Config. Everything that knows
// an option (file, environment, flags, `plumbline config`, docs/configuration.md) walks this table.
#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/config/config.h"
#include "core/result.h"

namespace plumbline::config {

// What a value is, with its bound. `unlimited`: -1 is allowed and means no bound.
struct Text {
  std::string_view example = "";
};
struct Choice {
  std::vector<std::string_view> words;
};
struct ListenAddress {};
struct Count {
  std::int64_t min = 0;
  std::int64_t max = 0;
};
struct Size {
  std::int64_t min = 0;
  std::int64_t max = 0;
  bool unlimited = false;
};
struct Duration {
  std::chrono::milliseconds min{};
  std::chrono::milliseconds max{};
};
struct SecretFile {};  // the option names a file; the member takes its content
struct AnyKeys {};     // a table of free keys: librdkafka's own options
using Kind = std::variant<Text, Choice, ListenAddress, Count, Size, Duration, SecretFile, AnyKeys>;

// Where the value lives; one alternative for each type of member.
using Member = std::variant<std::string& (*)(Config&), std::int32_t& (*)(Config&), std::int64_t& (*)(Config&),
                            std::chrono::milliseconds& (*)(Config&), Secret& (*)(Config&),
                            std::map<std::string, std::string>& (*)(Config&)>;

struct Option {
  std::string name;  // edge.listen
  Kind kind;
  Member member;
  std::string meaning;

  [[nodiscard]] std::string variable() const;  // PLUMBLINE_EDGE_LISTEN
  [[nodiscard]] std::string bound() const;     // "1KiB to 1GiB"
  // Value as it would be written; secrets as ***. `config` is not changed.
  [[nodiscard]] std::string print(const Config& config) const;
  // Parses, checks the bound, stores. The error says what is wrong, the bound and the fix, not the place.
  [[nodiscard]] Status set(Config& config, std::string_view text) const;
};

[[nodiscard]] std::span<const Option> options();
// Null when there is none.
[[nodiscard]] const Option* find_option(std::string_view name);
// The nearest name, empty when nothing is near.
[[nodiscard]] std::string_view nearest_option(std::string_view name);

inline constexpr std::string_view kKafkaOptions = "kafka.options";
// One entry of kafka.options; `key_file` reads the value from a file. Refuses keys that Plumbline's promises
// rest on.
[[nodiscard]] Status set_kafka_option(Config& config, std::string_view key, std::string_view value);
// A secret's file without its trailing newline. Refuses a file that everybody may read.
[[nodiscard]] Result<Secret> read_secret_file(const std::string& path);

}  // namespace plumbline::config
