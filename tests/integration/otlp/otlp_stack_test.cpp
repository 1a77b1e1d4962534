// Stock OpenTelemetry SDKs, changed by environment variables alone, to the rows: through the local agent and
// directly to the edge with a bearer key.
#include <fstream>

#include <gtest/gtest.h>

#include "tests/support/raw_http.h"
#include "tests/support/stack/stack.h"

namespace plumbline::tests {
namespace {

namespace fs = std::filesystem;
constexpr int kSpans = 30;

struct Way {
  std::string name;  // service.name, so the agent of its rows
  bool node = false;
  std::string protocol;
  bool through_agent = false;
};

class OtlpOnStack : public testing::Test {
 protected:
  OtlpOnStack() : stack_(Backend::kEmbedded) {
    stack_.start_roles();
    tenant_ = stack_.create_tenant("acme");
    token_ = token_of(stack_.plumbline("key create acme --bearer"));
    EXPECT_TRUE(test::wait_for([this] { return accepts(stack_, tenant_); })) << stack_.logs();
    std::ofstream(folder_.path() / "secret") << tenant_.signer.secret.reveal();
    fs::permissions(folder_.path() / "secret", fs::perms::owner_read);
    std::ofstream(folder_.path() / "agent.toml")
        << "state_folder = \"state\"\n[edge]\nendpoint = \"" << edge() << "\"\nkey_id = \""
        << tenant_.signer.key_id
        << "\"\nsecret_file = \"secret\"\n[listen]\nhttp = \"127.0.0.1:" << agent_port_ << "\"\n";
    agent_ = std::make_unique<test::Process>(
        test::ProcessOptions{.command = {std::string(PLUMBLINE_BINARY_DIR) + "/bin/plumb", "agent", "run",
                                         "--config", (folder_.path() / "agent.toml").string()},
                             .environment = {{"HOME", folder_.path().string()}},
                             .output = folder_.path() / "agent.log"});
  }
  static std::string token_of(const std::string& printed) {
    const std::size_t at = printed.find("token   ");
    return at == std::string::npos ? printed : printed.substr(at + 8, printed.find('\n', at) - at - 8);
  }
  std::string edge() const { return "http://127.0.0.1:" + std::to_string(stack_.edge_port()); }
  // Runs the client to its end.
  std::string run(const Way& way) {
    std::map<std::string, std::string> environment = {
        {"HOME", folder_.path().string()},
        {"NO_PROXY", "*"},
        {"OTEL_SERVICE_NAME", way.name},
        {"OTEL_RESOURCE_ATTRIBUTES", "service.version=1.4.0"},
        {"OTEL_EXPORTER_OTLP_PROTOCOL", way.protocol},
        {"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT",
         way.through_agent ? "http://127.0.0.1:" + std::to_string(agent_port_) : edge()}};
    if (!way.through_agent) environment["OTEL_EXPORTER_OTLP_HEADERS"] = "Authorization=Bearer%20" + token_;
    if (way.node) {
      environment["NODE_PATH"] = PLUMBLINE_SOURCE_DIR "/.cache/node/otlp/node_modules";
      environment["OTEL_TRACES_EXPORTER"] = environment["OTEL_LOGS_EXPORTER"] = "otlp";
      environment["OTEL_METRICS_EXPORTER"] = "none";
      environment["OTEL_NODE_RESOURCE_DETECTORS"] = "env";
    }
    const std::string folder = PLUMBLINE_SOURCE_DIR "/tests/integration/otlp/";
    test::Process client(
        {.command = way.node ? std::vector<std::string>{"node", folder + "client.cjs", std::to_string(kSpans)}
                             : std::vector<std::string>{PLUMBLINE_PYTHON, folder + "client.py",
                                                        std::to_string(kSpans)},
         .environment = environment,
         .output = folder_.path() / (way.name + ".log")});
    client.start();
    EXPECT_TRUE(test::wait_for([&] { return !client.running(); })) << way.name;
    return client.output_tail();
  }
  ::testing::AssertionResult becomes(const std::string& sql, const std::string& expected) {
    std::string seen;
    if (test::wait_for([&] { return (seen = stack_.value(sql)) == expected; }))
      return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << sql << " gives " << seen << " instead of " << expected << "\n"
                                         << agent_->output_tail() << "\n"
                                         << stack_.logs();
  }
  // Rows of one way, by what makes them right.
  void expect_rows(const Way& way, const std::string& said) {
    SCOPED_TRACE(way.name);
    const std::string rows = "SELECT count(*) FROM plumbline.spans WHERE agent = '" + way.name + "' AND ";
    const std::string all = std::to_string(kSpans);
    EXPECT_TRUE(becomes(rows + "signal = 'span'", std::to_string(2 * kSpans))) << said;
    EXPECT_TRUE(becomes(rows + "signal = 'log'", all)) << said;
    EXPECT_EQ(
        stack_.value(rows + "operation = 'chat' AND provider = 'openai' AND request_model = 'gpt-5' AND "
                            "response_model = 'gpt-5-2026' AND span_kind = 'client' AND session LIKE "
                            "'conv-_' AND conversation = session AND version = '1.4.0' AND "
                            "length(parent_span_id) = 16 AND length(trace_id) = 32 AND duration_us >= 0 "
                            "AND scope = 'example.instrumentation' AND output_tokens = 7"),
        all);
    EXPECT_EQ(
        stack_.value("SELECT sum(input_tokens) FROM plumbline.spans WHERE operation = 'chat' AND agent = '" +
                     way.name + "'"),
        std::to_string(kSpans * 100 + kSpans * (kSpans - 1) / 2));
    EXPECT_EQ(stack_.value(
                  rows + "operation = 'invoke_agent' AND agent_name = 'support' AND parent_span_id IS NULL"),
              all);
    EXPECT_EQ(stack_.value(rows + "status = 'error' AND error_type = 'timeout'"), "1");
    EXPECT_EQ(
        stack_.value(rows + "name = 'api_request' AND session = 'log-session' AND request_model = 'gpt-5' "
                            "AND status = 'info'"),
        all);
  }

  const int agent_port_ = test::free_port();
  test::TempFolder folder_{"otlp"};
  Stack stack_;
  Tenant tenant_;
  std::string token_;
  std::unique_ptr<test::Process> agent_;
};

TEST_F(OtlpOnStack, StockSdksArriveWithTheirColumnsWhicheverWay) {
  agent_->start();
  ASSERT_TRUE(test::wait_for([this] { return http_get(agent_port_, "/ingest") == 405; }))
      << agent_->output_tail();
  const Way ways[] = {
      {"python-direct", false, "http/protobuf", false},       {"python-agent", false, "http/protobuf", true},
      {"node-protobuf-direct", true, "http/protobuf", false}, {"node-json-direct", true, "http/json", false},
      {"node-protobuf-agent", true, "http/protobuf", true},   {"node-json-agent", true, "http/json", true}};
  for (const Way& way : ways) expect_rows(way, run(way));
  EXPECT_EQ(stack_.value("SELECT count(*) FROM plumbline.traces WHERE payload LIKE '%planted-secret%'"), "0");
  EXPECT_TRUE(becomes("SELECT bool_and(balanced) FROM plumbline.ledger_balance", "t"));
  EXPECT_EQ(stack_.value("SELECT sum(conflict) FROM plumbline.ledger_balance"), "0");
  EXPECT_EQ(
      stack_.value("SELECT count(*) FROM plumbline.key_usage u JOIN plumbline.signing_keys k USING (key_id) "
                   "WHERE k.algorithm = 'bearer'"),
      "1");
  // Neither the token nor anything it could be made from is in the database.
  const std::string id = token_.substr(0, token_.find('.'));
  EXPECT_EQ(
      stack_.value("SELECT (token_hash = sha256('" + token_ +
                   "'))::text || (sealed_secret IS NULL)::text FROM plumbline.signing_keys WHERE key_id = '" +
                   id + "'"),
      "truetrue");
}

// A key that is rotated keeps its kind and its say on content; the old one works on until its end.
TEST_F(OtlpOnStack, ABearerKeyIsRotatedAndRevokedLikeAnyOther) {
  const std::string content = token_of(stack_.plumbline("key create acme --bearer --content"));
  const std::string id = content.substr(0, content.find('.'));
  const std::string next = token_of(stack_.plumbline("key rotate " + id));
  const std::string next_id = next.substr(0, next.find('.'));
  EXPECT_NE(next_id, id);
  EXPECT_EQ(
      stack_.value(
          "SELECT string_agg(algorithm || include_content::text || status, ' ' ORDER BY created_at) FROM "
          "plumbline.signing_keys WHERE key_id IN ('" +
          id + "', '" + next_id + "')"),
      "bearertrueretiring bearertrueactive");
  EXPECT_NE(stack_.plumbline("key ls acme").find("bearer with content"), std::string::npos);
  const auto answer = [this](const std::string& token) {
    test::RawHttp client(stack_.edge_port());
    client.send(
        "POST /v1/logs HTTP/1.1\r\nHost: edge\r\nContent-Type: application/json\r\nContent-Length: "
        "2\r\nAuthorization: Bearer " +
        token + "\r\n\r\n{}");
    return client.receive().status;
  };
  for (const std::string& token : {content, next}) {
    EXPECT_TRUE(test::wait_for([&] { return answer(token) == 200; })) << stack_.logs();
    stack_.plumbline("key revoke " + token.substr(0, token.find('.')));
    EXPECT_TRUE(test::wait_for([&] { return answer(token) == 401; })) << stack_.logs();
  }
}

}  // namespace
}  // namespace plumbline::tests
