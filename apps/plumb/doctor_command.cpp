// `plumb doctor`: whether what `plumb push` and `plumb agent` need is there, each with its way out.
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>

#include "apps/plumb/command.h"
#include "core/clock.h"
#include "core/compress/compress.h"
#include "producers/agent/agent.h"
#include "producers/agent/sqlite/session_rows.h"
#include "producers/push/edge_clock.h"
#include "producers/push/push.h"
#include "producers/push/reply.h"
#include "producers/push/signed_request.h"

namespace plumbline::client {
namespace {

namespace fs = std::filesystem;

class Doctor {
 public:
  int run(const std::string& named) {
    push::CredentialFlags flags;
    const fs::path file = named.empty() ? push::config_folder(environment) / "agent.toml" : fs::path(named);
    std::error_code error;
    if (!named.empty() || fs::exists(file, error)) {
      if (const auto config = agent::load_config(file, environment)) {
        good("configuration " + file.string());
        flags = config->edge;
        check_agent(*config);
      } else {
        bad(config.error().message);
      }
    } else {
      note("no agent is configured (" + file.string() +
           " is not there); docs/agent.md has one to begin with");
    }
    check_edge(flags);
    return failed_ ? push::kExitRejected : push::kExitOk;
  }

 private:
  void good(const std::string& text) { std::cout << "ok    " << text << "\n"; }
  void note(const std::string& text) { std::cout << "note  " << text << "\n"; }
  void bad(const std::string& text) {
    failed_ = true;
    std::cout << "FAIL  " << text << "\n";
  }

  void check_agent(const agent::Config& config) {
    if (agent::is_running(config.state_folder)) {
      good("the agent runs; `plumb agent status` says more");
    } else {
      bad("no agent runs on " + config.state_folder.string() + "; start `plumb agent run`");
    }
    std::error_code error;
    for (const agent::TailOptions& tail : config.tails) {
      if (fs::exists(tail.path, error)) {
        good("tail " + tail.path.string());
      } else if (fs::is_directory(tail.path.parent_path(), error)) {
        note("tail " + tail.path.string() + " is not there yet");
      } else {
        bad("tail " + tail.path.string() + ": its folder can't be read; is the path right?");
      }
    }
    for (const agent::StoreOptions& store : config.stores) {
      const auto rows = agent::read_sessions(store.path);
      if (!rows) {
        bad(rows.error().message);
      } else if (!fs::exists(store.path, error)) {
        note("store " + store.path.string() + " is not there yet");
      } else {
        good("store " + store.path.string() + ", " + std::to_string(rows->size()) + " sessions");
      }
    }
  }

  // An empty signed body: the edge looks at the signature first, so its 400 says that key and clock are
  // right.
  void check_edge(const push::CredentialFlags& flags) {
    const auto credentials = push::find_credentials(flags, environment);
    if (!credentials) return bad(credentials.error().message);
    const auto key = push::signing_key(credentials->secret);
    if (!key) return bad("the signing secret: " + key.error().message);
    const auto body = compress::compress(compress::Encoding::kGzip, "");
    if (!body) return bad(body.error().message);
    const auto transport = push::curl_transport(credentials->ca_file);
    const push::Response response =
        transport->post(push::signed_request(*credentials, *key, false, compress::Encoding::kGzip,
                                             push::random_message_id(), *body, SystemClock().now()));
    const std::string who = "edge " + credentials->endpoint + ": ";
    const std::string said =
        "HTTP " + std::to_string(response.status) + " " + push::parse_reply(response.body).detail;
    if (response.status == 0) return bad(who + response.error);
    if (response.status == 400 || response.status == 422 || response.status == 202)
      return good(who + "reached, key " + credentials->key_id + " and this machine's clock are taken");
    push::EdgeClock edge_clock;
    if (edge_clock.learn(response, SystemClock().now()))
      return bad(who + push::clock_words(edge_clock.local_ahead_s()) +
                 "; set this machine's clock: requests are signed by the edge's, but events keep this one's "
                 "times");
    if (response.status == 401)
      return bad(who + said +
                 "; check key_id and secret, and that this machine's clock is right within 300 s");
    if (push::is_retryable(response.status)) return note(who + said + "; it asks to come again later");
    bad(who + said + "; is the endpoint the edge's own address?");
  }

  bool failed_ = false;
};

}  // namespace

Chosen add_doctor(CLI::App& app) {
  auto config = std::make_shared<std::string>();
  CLI::App* command =
      app.add_subcommand("doctor", "Check configuration, credentials, the edge and the agent's inputs");
  command->add_option("--config", *config, "agent.toml; else the one in the configuration folder");
  return [=]() -> std::optional<int> {
    return command->parsed() ? std::optional(Doctor().run(*config)) : std::nullopt;
  };
}

}  // namespace plumbline::client
