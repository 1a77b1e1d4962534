#include "producers/agent/config.h"

#include <algorithm>
#include <functional>
#include <map>

#include "core/codec/json_value.h"
#include "core/config/toml_json.h"
#include "core/config/value.h"
#include "core/limits.h"
#include "producers/agent/files.h"

namespace plumbline::agent {
namespace {

using codec::JsonValue;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr std::size_t kFileBytesMax = std::size_t{1} << 20;
constexpr std::size_t kInputsMax = 64;  // each is looked at several times a second
constexpr std::int64_t kSpoolBytesMin = std::int64_t{1} << 20, kSpoolBytesMax = std::int64_t{1} << 40;

Error wrong(const std::string& what) {
  return poison("config", what);
}

struct Reader {
  fs::path file;
  const push::Environment& environment;

  [[nodiscard]] fs::path path_of(std::string_view text) const {
    if (text.starts_with("~/")) {
      if (const auto home = environment("HOME")) return fs::path(*home) / text.substr(2);
    }
    return fs::absolute(file).parent_path() / text;  // an absolute text stands for itself
  }
};

// The members that a table may have, each with what takes it; a text says what is wrong with a value.
using Take = std::function<std::string(const JsonValue&)>;
using Members = std::map<std::string, Take>;

Status read_table(const JsonValue& table, const std::string& name, const Members& known) {
  if (!table.is(JsonValue::Kind::kObject)) return wrong("[" + name + "] is not a table");
  for (const auto& [member, value] : table.members()) {
    const auto at = known.find(member);
    if (at == known.end()) {
      std::string names;
      for (const auto& [one, take] : known) names += (names.empty() ? "" : ", ") + one;
      return wrong("[" + name + "] has no member " + member + "; known are " + names);
    }
    if (const std::string what = at->second(value); !what.empty())
      return wrong("[" + name + "] " + member + " " + what);
  }
  return ok_status();
}

Take text_into(std::string& out) {
  return [&out](const JsonValue& value) -> std::string {
    if (!value.is(JsonValue::Kind::kText)) return "is not a text";
    if (value.text().size() > limits::kNameBytesMax) return "is over 512 bytes";
    out = value.text();
    return {};
  };
}

Take path_into(const Reader& reader, fs::path& out) {
  return [&](const JsonValue& value) -> std::string {
    if (value.text().empty()) return "is not a path";
    out = reader.path_of(value.text());
    return {};
  };
}

Take duration_into(std::chrono::milliseconds& out, std::chrono::milliseconds least,
                   std::chrono::milliseconds most) {
  return [=, &out](const JsonValue& value) -> std::string {
    const auto duration = config::parse_duration(value.text());
    if (!duration || *duration < least || *duration > most)
      return "is not from \"" + config::format_duration(least) + "\" to \"" + config::format_duration(most) +
             "\"";
    out = *duration;
    return {};
  };
}

Take whole_into(std::size_t& out, std::size_t least, std::size_t most) {
  return [=, &out](const JsonValue& value) -> std::string {
    const auto number = value.number();
    if (!number || *number < static_cast<double>(least) || *number > static_cast<double>(most))
      return "is not from " + std::to_string(least) + " to " + std::to_string(most);
    out = static_cast<std::size_t>(*number);
    return {};
  };
}

bool is_loopback(const std::string& host) {
  return host == "::1" || host.starts_with("127.");
}

std::string take_listen(const JsonValue& value, std::string& out) {
  const auto address = config::parse_address(value.text());
  if (!address) return "is not address:port, such as \"127.0.0.1:4318\"";
  if (!is_loopback(address->host))
    return "is not loopback: the agent serves this machine only; use 127.0.0.1 or [::1]";
  out = value.text();
  return {};
}

Status read_tail(const Reader& reader, const JsonValue& table, Config& config) {
  TailOptions tail;
  const auto take_format = [&](const JsonValue& value) -> std::string {
    if (value.text() != "atlasbridge" && value.text() != "ndjson") return "is \"atlasbridge\" or \"ndjson\"";
    tail.form = value.text() == "ndjson" ? push::Form::kNative : push::Form::kAtlasBridge;
    return {};
  };
  const Status read = read_table(table, "tail",
                                 {{"path", path_into(reader, tail.path)},
                                  {"format", take_format},
                                  {"agent", text_into(tail.labels.agent)},
                                  {"repo", text_into(tail.labels.repo)},
                                  {"branch", text_into(tail.labels.branch)},
                                  {"commit", text_into(tail.labels.commit)},
                                  {"version", text_into(tail.labels.version)}});
  if (!read) return read;
  if (tail.path.empty()) return wrong("[[tail]] has no path");
  for (const TailOptions& other : config.tails) {
    if (other.path == tail.path) return wrong("two [[tail]] have the path " + tail.path.string());
  }
  config.tails.push_back(std::move(tail));
  return ok_status();
}

Status read_store(const Reader& reader, const JsonValue& table, Config& config) {
  StoreOptions store;
  const Status read = read_table(table, "atlasbridge",
                                 {{"store", path_into(reader, store.path)},
                                  {"agent", text_into(store.agent)},
                                  {"repo", text_into(store.repo)},
                                  {"interval", duration_into(store.interval, 1s, 1h)}});
  if (!read) return read;
  if (store.path.empty()) return wrong("[[atlasbridge]] has no store");
  config.stores.push_back(std::move(store));
  return ok_status();
}

using ReadOne = Status (*)(const Reader&, const JsonValue&, Config&);

Take each(const Reader& reader, Config& config, ReadOne read, const std::string& name) {
  return [&reader, &config, read, name](const JsonValue& list) -> std::string {
    if (!list.is(JsonValue::Kind::kArray)) return "is written as [[" + name + "]]";
    if (list.items().size() > kInputsMax) return "are more than " + std::to_string(kInputsMax);
    for (const JsonValue& one : list.items()) {
      if (Status status = read(reader, one, config); !status) return ": " + status.error().message;
    }
    return {};
  };
}

Take table(const std::string& name, Members members) {
  return [name, members = std::move(members)](const JsonValue& value) -> std::string {
    const Status read = read_table(value, name, members);
    return read ? "" : ": " + read.error().message;
  };
}

}  // namespace

Result<Config> parse_config(std::string_view toml, const fs::path& file,
                            const push::Environment& environment) {
  const auto json = config::toml_to_json(toml, file.string());
  if (!json) return json.error();
  const auto document = JsonValue::parse(*json);
  if (!document) return wrong(file.string() + ": " + document.error().message);
  const Reader reader{file, environment};
  Config config;
  if (const fs::path state = push::state_folder(environment); !state.empty())
    config.state_folder = state / "agent";
  fs::path secret, authority;
  const auto take_size = [&](const JsonValue& value) -> std::string {
    const auto bytes = config::parse_size(value.text());
    if (!bytes || *bytes < kSpoolBytesMin || *bytes > kSpoolBytesMax)
      return "is not from \"1MiB\" to \"1TiB\"";
    config.spool_bytes_max = *bytes;
    return {};
  };
  const auto take_redaction = [&](const JsonValue& value) -> std::string {
    auto policy = redact::Policy::parse(value);
    if (!policy) return ": " + policy.error().message;
    config.redaction = std::move(*policy);
    return {};
  };
  const Status read = read_table(
      *document, file.filename().string(),
      {{"state_folder", path_into(reader, config.state_folder)},
       {"edge", table("edge", {{"endpoint", text_into(config.edge.endpoint)},
                               {"key_id", text_into(config.edge.key_id)},
                               {"profile", text_into(config.edge.profile)},
                               {"secret_file", path_into(reader, secret)},
                               {"ca_file", path_into(reader, authority)}})},
       {"spool", table("spool", {{"bytes_max", take_size}})},
       {"send", table("send", {{"batch_events_max",
                                whole_into(config.send.batch_events_max, 1, limits::kTracesPerRequestMax)},
                               {"backoff_first", duration_into(config.send.backoff_first, 1ms, 1h)},
                               {"backoff_longest", duration_into(config.send.backoff_longest, 1ms, 1h)}})},
       {"listen",
        table("listen",
              {{"http", [&](const JsonValue& value) { return take_listen(value, config.listen_http); }},
               {"unix", path_into(reader, config.listen_unix)}})},
       {"tail_interval", duration_into(config.tail_interval, 10ms, 1h)},
       {"tail", each(reader, config, read_tail, "tail")},
       {"atlasbridge", each(reader, config, read_store, "atlasbridge")},
       {"redaction", take_redaction}});
  if (!read) return wrong(file.string() + ": " + read.error().message);
  if (config.state_folder.empty())
    return wrong(file.string() + ": state_folder is not set, and there is no home folder to take instead");
  config.edge.secret_file = secret.string();
  config.edge.ca_file = authority.string();
  for (TailOptions& tail : config.tails)
    tail.labels.include_content = config.redaction.include_content || !config.redaction.rules.empty();
  return config;
}

Result<Config> load_config(const fs::path& file, const push::Environment& environment) {
  const auto text = read_small(file, kFileBytesMax);
  if (!text) return text.error();
  std::error_code error;
  if (!fs::exists(file, error))
    return wrong(file.string() + " is not there; docs/agent.md has one to begin with");
  return parse_config(*text, file, environment);
}

}  // namespace plumbline::agent
