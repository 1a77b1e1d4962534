// `plumb agent`: inputs, spool and sender together. It reads, listens on this machine and sends; it starts,
// stops and answers nothing.
#pragma once
#include <memory>
#include <string>

#include "core/clock.h"
#include "core/result.h"
#include "producers/agent/config.h"
#include "producers/agent/signer.h"
#include "producers/push/transport.h"

namespace plumbline::agent {

class Agent {
 public:
  // `source`: where the credentials came from, to be looked at again.
  Agent(Config config, push::Credentials credentials, KeySource source, push::Transport& transport,
        const Clock& clock);
  ~Agent();  // stops
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  // Opens the spool and starts its threads. Retryable "spool_busy", "listen", ...; poison for a wrong secret.
  Status start();
  // Ends the inputs, lets the batch under way be answered, keeps the rest for the next start.
  void stop();

  // One JSON object: spool, sender, inputs. Thread-safe.
  [[nodiscard]] std::string status() const;
  [[nodiscard]] int http_port() const;  // 0: none

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The file that a running agent keeps its status in, and whether an agent runs now.
[[nodiscard]] std::filesystem::path status_file(const std::filesystem::path& state_folder);
[[nodiscard]] bool is_running(const std::filesystem::path& state_folder);
// `status` (what Agent::status gave) for people.
[[nodiscard]] std::string status_text(const std::string& status, bool running, TimeUs now);
// The key of rules that hash, made on first use and kept in the folder with mode 0600.
[[nodiscard]] Result<std::string> hash_key(const std::filesystem::path& state_folder);

}  // namespace plumbline::agent
