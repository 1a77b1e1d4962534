// What one option alone can't get wrong.
#include <algorithm>
#include <initializer_list>

#include "core/config/load.h"
#include "core/config/value.h"
#include "core/limits.h"

namespace plumbline::config {
namespace {

// 32 bytes are 43 characters of base64 and one '='.
bool is_base64_of_32_bytes(std::string_view text) {
  const auto symbol = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
  };
  return text.size() == 44 && text.back() == '=' && std::all_of(text.begin(), text.end() - 1, symbol);
}

// The newest first, then older ones that still open what they sealed.
bool are_master_keys(std::string_view text) {
  constexpr std::string_view kBetween = " ,\t\r\n";
  bool any = false;
  for (auto begin = text.find_first_not_of(kBetween); begin != std::string_view::npos; any = true) {
    const auto end = std::min(text.find_first_of(kBetween, begin), text.size());
    if (!is_base64_of_32_bytes(text.substr(begin, end - begin))) return false;
    begin = text.find_first_not_of(kBetween, end);
  }
  return any;
}

constexpr std::int64_t kRecordMax = limits::kRecordBytesMax;

}  // namespace

std::vector<std::string> cross_check(const Loaded& loaded) {
  const Config& config = loaded.config;
  std::vector<std::string> problems;
  // The places of those options that were set come first: a value may be right alone and wrong beside
  // another.
  const auto refuse = [&](std::initializer_list<std::string_view> options, std::string_view what) {
    std::vector<std::string_view> places;
    for (const std::string_view option : options) {
      const auto place = loaded.places.find(option);
      if (place == loaded.places.end()) continue;
      if (std::find(places.begin(), places.end(), place->second) == places.end())
        places.emplace_back(place->second);
    }
    std::string line;
    for (const std::string_view place : places) line.append(line.empty() ? "" : ", ").append(place);
    problems.push_back((line.empty() ? "" : line + ": ").append(what));
  };
  if (config.edge.tls_cert_file.empty() != config.edge.tls_key_file.empty()) {
    refuse({"edge.tls_cert_file", "edge.tls_key_file"},
           "edge.tls_cert_file and edge.tls_key_file go together: set both for TLS, or none");
  }
  if (config.console.tls_cert_file.empty() != config.console.tls_key_file.empty()) {
    refuse({"console.tls_cert_file", "console.tls_key_file"},
           "console.tls_cert_file and console.tls_key_file go together: set both for TLS, or none");
  }
  if (config.console.oidc_issuer.empty() != config.console.oidc.client_id.empty()) {
    refuse({"console.oidc_issuer", "console.oidc_client_id"},
           "console.oidc_issuer and console.oidc_client_id go together: set both, or none");
  }
  // A frame is at most kRecordBytesMax; header and checksum of the segment need a little more.
  if (config.embedded.segment_bytes < kRecordMax + (1 << 20)) {
    refuse({"embedded.segment_bytes"},
           "embedded.segment_bytes: the largest record must fit; use 32MiB or more");
  }
  if (config.embedded.queue_bytes_max < kRecordMax) {
    refuse({"embedded.queue_bytes_max"},
           "embedded.queue_bytes_max: the largest record must fit; use 32MiB or more");
  }
  if (config.kafka.queue_bytes_max < kRecordMax)
    refuse({"kafka.queue_bytes_max"},
           "kafka.queue_bytes_max: the largest record must fit; use 32MiB or more");
  if (config.embedded.group_bytes_max > config.embedded.queue_bytes_max) {
    refuse({"embedded.group_bytes_max", "embedded.queue_bytes_max"},
           "embedded.group_bytes_max: a group can't be larger than embedded.queue_bytes_max; lower the first "
           "or raise the second");
  }
  if (config.topics.retention_bytes != -1 && config.topics.retention_bytes < config.embedded.segment_bytes &&
      config.log == "embedded") {
    refuse({"topics.retention_bytes", "embedded.segment_bytes"},
           "topics.retention_bytes: retention drops whole segments; use at least embedded.segment_bytes, or "
           "-1");
  }
  if (config.log == "kafka" && config.kafka.brokers.empty())
    refuse({"kafka.brokers", "log"}, "kafka.brokers is empty: name at least one host:port");
  if (config.log == "embedded" && config.embedded.dir.empty())
    refuse({"embedded.dir"}, "embedded.dir is empty: name the folder of the log");
  if (config.postgres.url.find("password=") != std::string::npos) {
    refuse({"postgres.url"},
           "postgres.url holds a password, which logs and process lists may show: put it into a file and set "
           "postgres.password_file");
  }
  if (!config.keys.master_key.empty() && !are_master_keys(config.keys.master_key.reveal())) {
    refuse({"keys.master_key_file"},
           "keys.master_key_file: the file holds no 32 bytes as base64; make one with `openssl rand -base64 "
           "32`");
  }
  return problems;
}

}  // namespace plumbline::config
