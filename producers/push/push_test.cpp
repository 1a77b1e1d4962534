#include "producers/push/push.h"

#include <deque>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "core/compress/compress.h"
#include "core/crypto/webhooks.h"
#include "producers/push/verify.h"
#include "tests/support/process/process.h"

namespace plumbline::push {
namespace {

const std::string kSecretText = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

// An edge that checks signatures as the real one does, and answers by a script (202 to all when it is over).
class FakeEdge final : public Transport {
 public:
  explicit FakeEdge(const Clock& clock) : clock_(clock) {}
  Response get(const Request&) override { return {}; }
  Response post(const Request& request) override {
    const auto header = [&](const std::string& name) {
      for (const std::string& line : request.headers) {
        if (line.starts_with(name + ": ")) return line.substr(name.size() + 2);
      }
      return std::string();
    };
    const crypto::HmacKey key{crypto::parse_signing_secret(kSecretText).value().reveal()};
    const crypto::VerifyKey keys[] = {{.hmac = &key}};
    const std::string id = header("webhook-id"), time = header("webhook-timestamp"),
                      signature = header("webhook-signature");
    EXPECT_TRUE(crypto::verify({id, time, signature}, request.body, keys, clock_.now()).ok());
    EXPECT_EQ(header("plumbline-key"), "key_1");
    PaddedBuffer body;
    compress::Decompressor decompressor;
    const auto encoding =
        header("content-encoding") == "zstd" ? compress::Encoding::kZstd : compress::Encoding::kGzip;
    EXPECT_TRUE(decompressor.run(encoding, request.body, body, 1 << 24).ok());
    urls.push_back(request.url);
    times.push_back(time);
    bodies.emplace_back(body.view());
    if (script.empty()) return {202, "", R"({"accepted":1,"rejected":[]})", ""};
    Response response = script.front();
    script.pop_front();
    return response;
  }
  std::deque<Response> script;
  std::vector<std::string> urls, times, bodies;

 private:
  const Clock& clock_;
};

class PushTest : public testing::Test {
 protected:
  std::filesystem::path copy(const std::string& name) {
    const auto to = folder.path() / name;
    std::filesystem::copy_file(PLUMBLINE_SOURCE_DIR "/tests/data/real/" + name, to);
    return to;
  }
  int run(const std::filesystem::path& path) {
    options.paths = {path.string()};
    World world{edge, clock, [this](auto time) { clock.advance(time); }, out, err};
    return push(options, {"https://edge", "key_1", Secret(kSecretText), ""}, state, world);
  }
  static void cut_last_line(const std::filesystem::path& path) {
    std::ifstream in(path);
    std::string text, line;
    std::vector<std::string> lines;
    while (std::getline(in, line)) lines.push_back(line);
    lines.pop_back();
    std::ofstream out(path, std::ios::trunc);
    for (const std::string& one : lines) out << one << "\n";
  }

  test::TempFolder folder{"push"};
  ManualClock clock{TimeUs{1700000000000000}};
  FakeEdge edge{clock};
  ChainState state{folder.path() / "state"};
  PushOptions options;
  std::ostringstream out, err;
};

TEST_F(PushTest, SendsARealTraceAndTheSameBytesAgain) {
  const auto path = copy("agent-0.jsonl");
  EXPECT_EQ(run(path), kExitOk) << err.str();
  EXPECT_EQ(run(path), kExitOk) << err.str();
  ASSERT_EQ(edge.bodies.size(), 2u);
  EXPECT_EQ(edge.bodies[0], edge.bodies[1]);
  EXPECT_EQ(edge.urls[0], "https://edge/api/v1/traces");
  EXPECT_NE(out.str().find("154 events: 154 accepted"), std::string::npos) << out.str();
}

TEST_F(PushTest, ReportsGoToTheirOwnEndpoint) {
  options.zstd = true;
  EXPECT_EQ(run(copy("rigour-reports.ndjson")), kExitOk) << err.str();
  EXPECT_EQ(edge.urls[0], "https://edge/api/v1/reports");
}

TEST_F(PushTest, RetriesTheSameIdsSignedAnew) {
  edge.script = {{503, "5", "{}", ""}, {0, "", "", "connection refused"}, {429, "400", "{}", ""}};
  EXPECT_EQ(run(copy("agent-0.jsonl")), kExitUndelivered)
      << "an edge that asks for more than two minutes is not waited for";
  EXPECT_EQ(edge.bodies[0], edge.bodies[1]);
  EXPECT_GE(std::stoll(edge.times[1]) - std::stoll(edge.times[0]), 5);
  EXPECT_FALSE(state.find(folder.path() / "agent-0.jsonl")) << "not delivered, not remembered";
}

TEST_F(PushTest, RejectedRecordsAreNamed) {
  edge.script = {
      {202, "", R"({"accepted":153,"rejected":[{"index":2,"id":"some-id","reason":"time_ahead"}]})", ""}};
  EXPECT_EQ(run(copy("agent-0.jsonl")), kExitRejected);
  EXPECT_NE(err.str().find("line 3, index 2, id some-id is rejected: time_ahead"), std::string::npos)
      << err.str();
}

TEST_F(PushTest, AnAnswerThatWillNotChangeIsNotAskedForAgain) {
  edge.script = {{401, "", R"({"title":"Unauthorized","detail":"check the key"})", ""}};
  EXPECT_EQ(run(copy("agent-0.jsonl")), kExitUndelivered);
  EXPECT_EQ(edge.bodies.size(), 1u);
  EXPECT_NE(err.str().find("check the key"), std::string::npos);
}

TEST_F(PushTest, ABrokenChainIsRefusedUnlessAllowed) {
  const auto path = copy("agent-0.jsonl");
  std::ifstream in(path);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  text.replace(text.find("\"confidence\": \"high\""), 20, "\"confidence\": \"LOW!\"");
  std::ofstream(path, std::ios::trunc) << text;
  EXPECT_EQ(run(path), kExitChainBroken);
  EXPECT_TRUE(edge.bodies.empty());
  EXPECT_NE(err.str().find("agent-0.jsonl:1: content_changed"), std::string::npos) << err.str();
  options.allow_broken = true;
  EXPECT_EQ(run(path), kExitChainBroken);
  EXPECT_EQ(edge.bodies.size(), 1u);
}

TEST_F(PushTest, ALostTailShowsInPushAndVerify) {
  const auto path = copy("agent-0.jsonl");
  ASSERT_EQ(run(path), kExitOk);
  EXPECT_EQ(verify({path.string()}, state, out, err), kExitOk) << out.str();
  cut_last_line(path);
  EXPECT_EQ(verify({path.string()}, state, out, err), kExitChainBroken);
  EXPECT_NE(out.str().find("tail_missing"), std::string::npos);
  EXPECT_EQ(run(path), kExitChainBroken);
  EXPECT_EQ(edge.bodies.size(), 1u);
}

TEST_F(PushTest, ARotatedFileIsNoLossWhileItsArchiveIsThere) {
  const auto path = copy("agent-0.jsonl");
  ASSERT_EQ(run(path), kExitOk);
  std::filesystem::rename(path, folder.path() / "agent-0.jsonl.1");
  std::filesystem::copy_file(PLUMBLINE_SOURCE_DIR "/tests/data/real/agent-1.jsonl", path);
  EXPECT_EQ(verify({path.string()}, state, out, err), kExitOk) << out.str();
  std::filesystem::remove(folder.path() / "agent-0.jsonl.1");
  EXPECT_EQ(verify({path.string()}, state, out, err), kExitChainBroken) << out.str();
}

TEST_F(PushTest, InputsThatAreNotThereAreUsageErrors) {
  EXPECT_EQ(run(folder.path() / "nothing.jsonl"), kExitUsage);
  EXPECT_EQ(verify({"nothing.jsonl"}, state, out, err), kExitUsage);
}

TEST_F(PushTest, CredentialsComeFromFlagsThenEnvironmentThenFile) {
  const auto config = folder.path() / "plumbline";
  std::filesystem::create_directories(config);
  std::ofstream(config / "credentials")
      << "# mine\nendpoint = https://file/\nkey_id=key_file\nsecret = whsec_file\n";
  std::map<std::string, std::string> variables{{"XDG_CONFIG_HOME", folder.path().string()}};
  const Environment environment = [&](const char* name) {
    const auto at = variables.find(name);
    return at == variables.end() ? std::nullopt : std::optional(at->second);
  };
  chmod((config / "credentials").c_str(), 0644);
  const auto readable = find_credentials({}, environment);
  ASSERT_FALSE(readable);
  EXPECT_NE(readable.error().message.find("chmod 600"), std::string::npos);
  chmod((config / "credentials").c_str(), 0600);
  EXPECT_EQ(find_credentials({}, environment)->endpoint, "https://file");
  variables["PLUMBLINE_KEY_ID"] = "key_environment";
  EXPECT_EQ(find_credentials({}, environment)->key_id, "key_environment");
  EXPECT_EQ(
      find_credentials({.endpoint = {}, .key_id = "key_flag", .secret_file = {}, .ca_file = {}}, environment)
          ->key_id,
      "key_flag");
  variables.erase("XDG_CONFIG_HOME");
  EXPECT_FALSE(find_credentials({}, environment));
}

}  // namespace
}  // namespace plumbline::push
