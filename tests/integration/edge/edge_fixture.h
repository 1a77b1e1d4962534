// An edge with its keys over a memory log, and a client that signs.
#pragma once
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/compress/compress.h"
#include "core/crypto/base64.h"
#include "core/crypto/seal.h"
#include "core/crypto/webhooks.h"
#include "core/frame.h"
#include "core/keys/keyring.h"
#include "producers/edge/edge.h"
#include "tests/support/memory_log.h"
#include "tests/support/raw_http.h"

namespace plumbline::test {

using FieldList = std::vector<std::pair<std::string, std::string>>;

struct Signing {
  std::string key_id = "key_one";
  std::string secret = std::string(32, 's');
};

class EdgeFixture : public ::testing::Test {
 protected:
  EdgeFixture();
  ~EdgeFixture() override;
  void start();

  // keys.v1
  void put_tenant(const std::string& status, int version, int traces_per_s = 1000000, int burst = 1000000,
                  int agent_traces_per_s = 1000000, int agent_burst = 1000000);
  void put_key(const Signing& signing, const std::string& status, int version,
               const std::string& not_after = "");

  // A bearer key; its token.
  std::string put_bearer(const std::string& key_id, bool content = false,
                         const std::string& status = "active", int version = 1);
  void put_sonarqube(const std::string& key_id, const std::string& secret);

  // Requests. `fields` replace or add to the ones a good request has; an empty value leaves one out.
  [[nodiscard]] std::string request(const std::string& path, const std::string& body,
                                    const FieldList& fields = {}, const Signing& signing = {}) const;
  [[nodiscard]] FieldList signature(const std::string& body, const Signing& signing,
                                    std::int64_t shift_s = 0) const;
  RawResponse post(const std::string& path, const std::string& body, const FieldList& fields = {},
                   const Signing& signing = {});
  // Without a signature: only what `fields` say.
  RawResponse post_plain(const std::string& path, const std::string& body, const FieldList& fields);
  RawResponse get(const std::string& path);
  [[nodiscard]] static std::string trace(const std::string& agent = "agent-1", std::int64_t shift_s = 0,
                                         const std::string& id = "");
  // Waits until /readyz answers so.
  [[nodiscard]] bool wait_ready(int status = 200);
  // Posts until it is answered so: for changes that travel through keys.v1.
  [[nodiscard]] bool wait_answer(int status, const Signing& signing = {});
  [[nodiscard]] std::vector<std::string> lines_in_log(const std::string& topic) const;
  void append_key_record(const std::string& key, const std::string& value);

  const std::string tenant_ = "b0c1d2e3-0000-4000-8000-000000000001";
  MemoryLog log_;
  telemetry::Metrics metrics_;
  SystemClock clock_;
  config::Edge config_;
  std::optional<crypto::Sealer> sealer_;
  std::unique_ptr<keys::Keyring> keyring_;
  std::unique_ptr<edge::Edge> edge_;
};

}  // namespace plumbline::test
