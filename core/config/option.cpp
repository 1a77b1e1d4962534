// What one option can do: print, parse, check.
#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <sstream>

#include <sys/stat.h>

#include "core/config/options.h"
#include "core/config/value.h"

namespace plumbline::config {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kSecretBytesMax =
    64 << 10;  // a password, a key or a certificate chain; not a mistyped log file

// Keys on which a promise rests (acks=all, positions in PostgreSQL), and what to set instead.
constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kOwnedKeys = {{
    {"bootstrap.servers", "set kafka.brokers"},
    {"metadata.broker.list", "set kafka.brokers"},
    {"session.timeout.ms", "set kafka.session_timeout"},
    {"message.timeout.ms", "set kafka.delivery_timeout"},
    {"acks", "a 2xx means durable: it is always all"},
    {"request.required.acks", "a 2xx means durable: it is always all"},
    {"enable.idempotence", "the producer is always idempotent"},
    {"enable.auto.commit", "positions live in PostgreSQL"},
    {"enable.auto.offset.store", "positions live in PostgreSQL"},
    {"auto.offset.reset", "a lost position stops with an alarm, never resets"},
}};

std::string join(const std::vector<std::string_view>& words) {
  std::string all;
  for (const auto word : words) all += (all.empty() ? "" : ", ") + std::string(word);
  return all;
}

Error bad(std::string what, const std::string& fix) {
  return fatal("config", std::move(what) + "; " + fix);
}

template <class T>
T& slot(const Option& option, Config& config) {
  return std::get<T& (*)(Config&)>(option.member)(config);
}

void store_integer(const Option& option, Config& config, std::int64_t value) {
  if (std::holds_alternative<std::int32_t& (*)(Config&)>(option.member)) {
    slot<std::int32_t>(option, config) =
        static_cast<std::int32_t>(value);  // bounds of a 32-bit option fit it
  } else {
    slot<std::int64_t>(option, config) = value;
  }
}

std::int64_t integer_of(const Option& option, Config& config) {
  if (std::holds_alternative<std::int32_t& (*)(Config&)>(option.member))
    return slot<std::int32_t>(option, config);
  return slot<std::int64_t>(option, config);
}

struct Setter {
  const Option& option;
  Config& config;
  std::string_view text;
  std::string quoted = '"' + std::string(text) + '"';

  Status operator()(const Text&) const {
    slot<std::string>(option, config) = text;
    return ok_status();
  }
  Status operator()(const Choice& choice) const {
    if (std::find(choice.words.begin(), choice.words.end(), text) == choice.words.end()) {
      return bad(quoted + " is none of " + join(choice.words), "write one of these");
    }
    slot<std::string>(option, config) = text;
    return ok_status();
  }
  Status operator()(const ListenAddress&) const {
    if (!parse_address(text))
      return bad(quoted + " is no address with a port", "write one such as 127.0.0.1:8080 or [::1]:8080");
    slot<std::string>(option, config) = text;
    return ok_status();
  }
  Status operator()(const Count& count) const {
    const auto value = parse_integer(text);
    if (!value) return bad(quoted + " is no whole number", "write one from " + option.bound());
    if (*value < count.min || *value > count.max)
      return bad(quoted + " is out of bounds", "write a number from " + option.bound());
    store_integer(option, config, *value);
    return ok_status();
  }
  Status operator()(const Size& size) const {
    const auto value = parse_size(text);
    if (!value)
      return bad(quoted + " is no size",
                 "write a whole number with B, KiB, MiB, GiB or TiB, such as " + format_size(size.min));
    const bool fits = (*value >= size.min && *value <= size.max) || (size.unlimited && *value == -1);
    if (!fits) return bad(quoted + " is out of bounds", "write a size from " + option.bound());
    store_integer(option, config, *value);
    return ok_status();
  }
  Status operator()(const Duration& duration) const {
    const auto value = parse_duration(text);
    if (!value)
      return bad(quoted + " is no duration", "write a whole number with ms, s, m, h or d, such as 10s");
    if (*value < duration.min || *value > duration.max) {
      return bad(quoted + " is out of bounds", "write a duration from " + option.bound());
    }
    slot<milliseconds>(option, config) = *value;
    return ok_status();
  }
  Status operator()(const SecretFile&) const {
    auto secret = read_secret_file(std::string(text));
    if (!secret) return secret.error();
    slot<Secret>(option, config) = std::move(secret).value();
    return ok_status();
  }
  Status operator()(const AnyKeys&) const {
    return bad("is a table, not a value",
               "write [kafka.options] with a line for each key, or kafka.options.KEY=VALUE");
  }
};

struct Bound {
  std::string operator()(const Text& text) const {
    return text.example.empty() ? "text" : "text, such as " + std::string(text.example);
  }
  std::string operator()(const Choice& choice) const { return join(choice.words); }
  std::string operator()(const ListenAddress&) const { return "host:port"; }
  std::string operator()(const Count& count) const {
    return std::to_string(count.min) + " to " + std::to_string(count.max);
  }
  std::string operator()(const Size& size) const {
    return format_size(size.min) + " to " + format_size(size.max) + (size.unlimited ? ", or -1" : "");
  }
  std::string operator()(const Duration& duration) const {
    return format_duration(duration.min) + " to " + format_duration(duration.max);
  }
  std::string operator()(const SecretFile&) const { return "a file that not everybody may read"; }
  std::string operator()(const AnyKeys&) const {
    return "any key of librdkafka but those Plumbline's promises rest on";
  }
};

struct Printer {
  const Option& option;
  Config& config;

  template <class Any>
  std::string operator()(const Any&) const {
    return slot<std::string>(option, config);
  }
  std::string operator()(const Count&) const { return std::to_string(integer_of(option, config)); }
  std::string operator()(const Size&) const { return format_size(integer_of(option, config)); }
  std::string operator()(const Duration&) const {
    return format_duration(slot<milliseconds>(option, config));
  }
  std::string operator()(const SecretFile&) const {
    return slot<Secret>(option, config).empty() ? "" : "***";
  }
  std::string operator()(const AnyKeys&) const {
    std::string all;  // values may be credentials: names only
    for (const auto& [key, value] : config.kafka.options) all += (all.empty() ? "" : ", ") + key + "=***";
    return all;
  }
};

}  // namespace

std::string Option::variable() const {
  std::string out = "PLUMBLINE_";
  for (const char c : name)
    out += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

std::string Option::bound() const {
  return std::visit(Bound{}, kind);
}

std::string Option::print(const Config& config) const {
  return std::visit(Printer{*this, const_cast<Config&>(config)},
                    kind);  // accessors are for both; Printer only reads
}

Status Option::set(Config& config, std::string_view text) const {
  return std::visit(Setter{*this, config, text}, kind);
}

Status set_kafka_option(Config& config, std::string_view key, std::string_view value) {
  constexpr std::string_view kFile = "_file";
  for (const auto& [owned, fix] : kOwnedKeys) {
    if (key == owned)
      return bad("librdkafka's " + std::string(key) + " is not yours to set", std::string(fix));
  }
  if (key.size() > kFile.size() && key.ends_with(kFile)) {
    auto secret = read_secret_file(std::string(value));
    if (!secret) return secret.error();
    config.kafka.options[std::string(key.substr(0, key.size() - kFile.size()))] =
        std::string(secret->reveal());
  } else {
    config.kafka.options[std::string(key)] = std::string(value);
  }
  return ok_status();
}

Result<Secret> read_secret_file(const std::string& path) {
  struct stat facts {};
  if (stat(path.c_str(), &facts) != 0)
    return bad("no file " + path, "name a file that exists, or leave the option out");
  if (!S_ISREG(facts.st_mode)) return bad(path + " is no regular file", "name a file that holds the secret");
  if ((facts.st_mode & S_IROTH) != 0) return bad("everybody may read " + path, "chmod 600 " + path);
  std::ifstream file(path, std::ios::binary);
  std::string content(kSecretBytesMax + 1, '\0');
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  content.resize(static_cast<std::size_t>(file.gcount()));
  if (content.size() > kSecretBytesMax)
    return bad(path + " is over 64KiB", "name a file that holds only the secret");
  while (!content.empty() && (content.back() == '\n' || content.back() == '\r')) content.pop_back();
  if (content.empty())
    return bad(path + " is empty or may not be read", "write the secret into it, readable for this user");
  return Secret(std::move(content));
}

}  // namespace plumbline::config
