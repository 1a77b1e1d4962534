#include "tests/integration/edge/edge_fixture.h"

#include <algorithm>
#include <atomic>

#include "core/crypto/bearer.h"
#include "tests/support/process/process.h"

namespace plumbline::test {

EdgeFixture::EdgeFixture() {
  sealer_ = crypto::Sealer::from_text(Secret(crypto::base64_encode(std::string(32, 'm')))).value();
  for (const std::string_view topic :
       {frame::kTracesTopic, frame::kReportsTopic, frame::kOutcomesTopic, frame::kKeysTopic}) {
    log::TopicSpec spec;
    spec.name = topic;
    spec.partitions = topic == frame::kKeysTopic ? 1 : 4;
    EXPECT_TRUE(log_.ensure_topic(spec).ok());
  }
  config_.listen = "127.0.0.1:0";
  config_.threads = 2;
  config_.outcomes_interval = std::chrono::milliseconds(200);
}

EdgeFixture::~EdgeFixture() {
  log_.hold_acks(false);
  edge_.reset();
  keyring_.reset();
}

void EdgeFixture::start() {
  put_tenant("active", 1);
  put_key({}, "active", 1);
  keyring_ = std::make_unique<keys::Keyring>(log_, *sealer_, metrics_);
  edge_ = std::make_unique<edge::Edge>(config_, log_, *keyring_, clock_, metrics_);
  const Status status = edge_->start();
  ASSERT_TRUE(status.ok()) << status.error().message;
  if (config_.tls_cert_file.empty()) {
    ASSERT_TRUE(wait_ready());
  }
}

void EdgeFixture::append_key_record(const std::string& key, const std::string& value) {
  log::Record record;
  record.topic = frame::kKeysTopic;
  record.key = key;
  record.value = value;
  ASSERT_TRUE(log::append_and_wait(log_, record).ok());
}

void EdgeFixture::put_tenant(const std::string& status, int version, int traces_per_s, int burst,
                             int agent_traces_per_s, int agent_burst) {
  append_key_record("tenant/" + tenant_,
                    R"({"v":1,"type":"tenant","tenant":")" + tenant_ + R"(","name":"acme","version":)" +
                        std::to_string(version) + R"(,"status":")" + status +
                        R"(","retention_days":30,"limits":{"traces_per_s":)" + std::to_string(traces_per_s) +
                        R"(,"burst":)" + std::to_string(burst) + R"(,"agent_traces_per_s":)" +
                        std::to_string(agent_traces_per_s) + R"(,"agent_burst":)" +
                        std::to_string(agent_burst) + "}}");
}

void EdgeFixture::put_key(const Signing& signing, const std::string& status, int version,
                          const std::string& not_after) {
  const std::string sealed = crypto::base64_encode(
      sealer_->seal(Secret(signing.secret), crypto::seal_context(tenant_, "keys", "secret", signing.key_id)));
  append_key_record("key/" + signing.key_id,
                    R"({"v":1,"type":"key","key_id":")" + signing.key_id + R"(","tenant":")" + tenant_ +
                        R"(","version":)" + std::to_string(version) + R"(,"status":")" + status +
                        R"(","algorithm":"v1","sealed":")" + sealed + R"(","not_after":)" +
                        (not_after.empty() ? "null" : '"' + not_after + '"') + "}");
}

std::string EdgeFixture::put_bearer(const std::string& key_id, bool content, const std::string& status,
                                    int version) {
  const std::string token = key_id + ".plb_" + std::string(43, 'T');
  append_key_record("key/" + key_id,
                    R"({"v":1,"type":"key","key_id":")" + key_id + R"(","tenant":")" + tenant_ +
                        R"(","version":)" + std::to_string(version) + R"(,"status":")" + status +
                        R"(","algorithm":"bearer","token_hash":")" +
                        crypto::base64_encode(crypto::as_chars(crypto::bearer_hash(token))) +
                        R"(","content":")" + (content ? "included" : "none") + R"(","not_after":null})");
  return token;
}

void EdgeFixture::put_sonarqube(const std::string& key_id, const std::string& secret) {
  const std::string sealed = crypto::base64_encode(
      sealer_->seal(Secret(secret), crypto::seal_context(tenant_, "keys", "secret", key_id)));
  append_key_record("key/" + key_id,
                    R"({"v":1,"type":"key","key_id":")" + key_id + R"(","tenant":")" + tenant_ +
                        R"(","version":1,"status":"active","algorithm":"sonarqube","sealed":")" + sealed +
                        R"(","not_after":null})");
}

FieldList EdgeFixture::signature(const std::string& body, const Signing& signing,
                                 std::int64_t shift_s) const {
  static std::atomic<int> next{0};
  const std::string id = "msg_" + std::to_string(++next);
  const std::int64_t at = clock_.now().value / 1000000 + shift_s;
  const crypto::HmacKey key(signing.secret);
  return {{"webhook-id", id},
          {"webhook-timestamp", std::to_string(at)},
          {"webhook-signature", crypto::sign(key, id, at, body)},
          {"plumbline-key", signing.key_id}};
}

std::string EdgeFixture::request(const std::string& path, const std::string& body, const FieldList& fields,
                                 const Signing& signing) const {
  FieldList all = {{"Host", "edge"},
                   {"Content-Type", "application/x-ndjson"},
                   {"Content-Length", std::to_string(body.size())}};
  for (auto& field : signature(body, signing)) all.push_back(field);
  for (const auto& field : fields) {
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const auto& each) { return each.first == field.first; });
    if (found == all.end()) {
      all.push_back(field);
    } else {
      found->second = field.second;
    }
  }
  std::string text = "POST " + path + " HTTP/1.1\r\n";
  for (const auto& [name, value] : all) {
    if (!value.empty()) text += name + ": " + value + "\r\n";
  }
  return text + "\r\n" + body;
}

RawResponse EdgeFixture::post(const std::string& path, const std::string& body, const FieldList& fields,
                              const Signing& signing) {
  RawHttp client(edge_->port());
  client.send(request(path, body, fields, signing));
  return client.receive();
}

RawResponse EdgeFixture::post_plain(const std::string& path, const std::string& body,
                                    const FieldList& fields) {
  std::string text =
      "POST " + path + " HTTP/1.1\r\nHost: edge\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  for (const auto& [name, value] : fields) text += name + ": " + value + "\r\n";
  RawHttp client(edge_->port());
  client.send(text + "\r\n" + body);
  return client.receive();
}

RawResponse EdgeFixture::get(const std::string& path) {
  RawHttp client(edge_->port());
  client.send("GET " + path + " HTTP/1.1\r\nHost: edge\r\n\r\n");
  return client.receive();
}

std::string EdgeFixture::trace(const std::string& agent, std::int64_t shift_s, const std::string& id) {
  const TimeUs time{SystemClock().now().value + shift_s * 1000000};
  return R"({"id":")" + (id.empty() ? Uuid::random().to_string() : id) + R"(","kind":"session","time":")" +
         format_rfc3339(time) + R"(","agent":")" + agent + R"(","data":{"event":"heartbeat"}})";
}

bool EdgeFixture::wait_ready(int status) {
  return wait_for([&] { return get("/readyz").status == status; });
}

bool EdgeFixture::wait_answer(int status, const Signing& signing) {
  return wait_for([&] { return post("/api/v1/traces", trace(), {}, signing).status == status; });
}

std::vector<std::string> EdgeFixture::lines_in_log(const std::string& topic) const {
  std::vector<std::string> lines;
  for (const MemoryRecord& record : log_.records(topic)) {
    for (std::size_t at = 0; at <= record.value.size();) {
      const std::size_t end = std::min(record.value.find('\n', at), record.value.size());
      lines.push_back(record.value.substr(at, end - at));
      at = end + 1;
    }
  }
  return lines;
}

}  // namespace plumbline::test
