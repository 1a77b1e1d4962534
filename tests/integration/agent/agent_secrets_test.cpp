// 525 secrets and personal data of 75 formats in prompts, attributes, paths and nested JSON, given to the
// agent as OTLP, NDJSON and a trace, and to `plumb push` as reports: none of them is in the spool, on the
// wire, in the log, in PostgreSQL or in any output; by default no content is either. Seed: PLUMBLINE_SEED.
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <random>

#include <gtest/gtest.h>

#include "core/compress/compress.h"
#include "producers/agent/packing.h"
#include "tests/support/agent_box.h"
#include "tests/support/fault_proxy.h"

namespace plumbline::tests {
namespace {

namespace fs = std::filesystem;
using test::FaultProxy;

constexpr std::size_t kLinesOfTrace = 525;

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// With what the agent's spool holds packed, as text behind its bytes.
std::string read_folder(const fs::path& folder) {
  std::string all;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    const std::string bytes = read_file(entry.path());
    all += bytes;
    if (entry.path().extension() != ".spool") continue;
    std::string_view left = bytes;
    for (agent::Frame frame; agent::read_frame(left, frame) == agent::FrameState::kWhole;
         left.remove_prefix(frame.bytes)) {
      if (!frame.packed) continue;
      const auto text = agent::unpacked(frame.body, frame.raw_bytes);
      EXPECT_TRUE(text.ok());
      if (text) all += *text;
    }
    EXPECT_TRUE(left.empty()) << entry.path();
  }
  return all;
}

// The bodies of a client's requests, decompressed.
std::string bodies_of(const std::string& sent) {
  std::string all;
  compress::Decompressor decompressor;
  for (std::size_t at = 0; at < sent.size();) {
    const std::size_t body = sent.find("\r\n\r\n", at);
    if (body == std::string::npos) break;
    const std::string head = sent.substr(at, body - at);
    std::size_t length = 0;
    for (const std::string name : {"content-length: ", "Content-Length: "}) {
      const std::size_t found = head.find(name);
      if (found != std::string::npos)
        std::from_chars(head.data() + found + name.size(), head.data() + head.size(), length);
    }
    PaddedBuffer out;
    const auto encoding = head.find("content-encoding: zstd") == std::string::npos
                              ? compress::Encoding::kGzip
                              : compress::Encoding::kZstd;
    const Status unpacked =
        decompressor.run(encoding, std::string_view(sent).substr(body + 4, length), out, 1 << 28);
    EXPECT_TRUE(unpacked.ok()) << head;
    all += head;
    all += out.view();
    at = body + 4 + length;
  }
  return all;
}

class AgentSecrets : public testing::TestWithParam<bool> {
 protected:
  AgentSecrets() : stack_(Backend::kEmbedded) {
    stack_.start_roles();
    tenant_ = stack_.create_tenant("acme");
    EXPECT_TRUE(test::wait_for([this] { return accepts(stack_, tenant_); })) << stack_.logs();
    network_ = std::make_unique<FaultProxy>(stack_.edge_port());
    network_->capture();
    box_ = std::make_unique<AgentBox>(
        "secrets", tenant_, network_->port(),
        "[[tail]]\npath = \"in/events.ndjson\"\nformat = \"ndjson\"\n[[tail]]\npath = \"in/trace.jsonl\"\n"
        "agent = \"laptop\"\n[redaction]\ninclude_content = " +
            std::string(GetParam() ? "true" : "false") + "\n");
    plant();
  }

  void plant() {
    const char* given = std::getenv("PLUMBLINE_SEED");
    const std::string seed =
        given == nullptr ? std::to_string(std::random_device{}() % 1'000'000'000) : std::string(given);
    std::cout << "PLUMBLINE_SEED=" << seed << std::endl;
    fs::create_directories(planted());
    test::Process maker({.command = {PLUMBLINE_PYTHON, PLUMBLINE_SOURCE_DIR "/tests/data/secrets/plant.py",
                                     planted().string(), seed},
                         .environment = {{"HOME", box_->folder().string()}},
                         .output = box_->folder() / "plant.log"});
    maker.start();
    EXPECT_TRUE(test::wait_for([&] { return !maker.running(); }));
    std::ifstream corpus(planted() / "corpus.tsv");
    for (std::string line; std::getline(corpus, line);) {
      const std::size_t tab = line.find('\t');
      corpus_.emplace_back(line.substr(0, tab), line.substr(tab + 1));
    }
    marker_ = read_file(planted() / "marker.txt");
    EXPECT_GE(corpus_.size(), 500U) << maker.output_tail();
    EXPECT_FALSE(marker_.empty());
  }

  // `content`: that which was opted in may be there.
  void expect_clean(const std::string& where, const std::string& text, bool content) {
    EXPECT_FALSE(text.empty()) << where << " was not looked into";
    std::map<std::string, int> leaked;
    for (const auto& [kind, core] : corpus_) {
      const std::size_t at = text.find(core);
      if (at == std::string::npos) continue;
      if (++leaked[kind] == 1)
        ADD_FAILURE() << where << " has a " << kind << ": "
                      << text.substr(at > 100 ? at - 100 : 0, core.size() + 150);
    }
    for (const auto& [kind, times] : leaked) std::cout << where << ": " << times << " of " << kind << "\n";
    if (!content) {
      EXPECT_EQ(text.find(marker_), std::string::npos) << where << " has content";
    }
  }

  std::string rows() {
    std::string all;
    auto connection = stack_.database().superuser();
    auto tables = connection.query(
        "SELECT format('SELECT coalesce(string_agg(t::text, E''\\n''), '''') FROM %I.%I t', schemaname, "
        "tablename) FROM pg_tables WHERE schemaname = 'plumbline'");
    EXPECT_TRUE(tables.ok());
    for (int i = 0; tables && i < tables->size(); ++i) all += stack_.value(std::string(tables->text(i, 0)));
    return all;
  }
  [[nodiscard]] fs::path planted() const { return box_->folder() / "planted"; }

  Stack stack_;
  Tenant tenant_;
  std::unique_ptr<FaultProxy> network_;
  std::unique_ptr<AgentBox> box_;
  std::vector<std::pair<std::string, std::string>> corpus_;
  std::string marker_;
};

TEST_P(AgentSecrets, NoneLeaves) {
  network_->set(FaultProxy::Mode::kRefuse);
  for (const char* tailed : {"events.ndjson", "trace.jsonl"})
    fs::copy_file(planted() / tailed, box_->folder() / "in" / tailed);
  box_->start();
  ASSERT_TRUE(box_->listens()) << box_->process().output_tail();
  int requests = 0;
  for (const auto& entry : fs::directory_iterator(planted())) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("otlp-")) continue;
    const AgentAnswer answer = box_->post(name.find("Spans") == std::string::npos ? "/v1/logs" : "/v1/traces",
                                          "application/json", read_file(entry.path()));
    EXPECT_EQ(answer.status, 200) << answer.body;
    expect_clean("the agent's answer", answer.body, GetParam());
    ++requests;
  }
  EXPECT_GE(requests, 10);
  const auto all_read = [&] {
    const std::string status = read_file(box_->state() / "status.json");
    return status.find("\"behind_bytes\":0,\"taken\":" + std::to_string(kLinesOfTrace)) !=
               std::string::npos &&
           status.find("\"behind_bytes\":0,\"taken\":" + std::to_string(4 * kLinesOfTrace)) !=
               std::string::npos;
  };
  ASSERT_TRUE(test::wait_for(all_read)) << box_->plumb("agent status").second;
  // Everything is in the spool now, and nothing has left.
  const std::string spool = read_folder(box_->state());
  EXPECT_NE(spool.find("[redacted:"), std::string::npos);
  EXPECT_EQ(spool.find(marker_) != std::string::npos, GetParam());
  expect_clean("the state folder", spool, GetParam());

  network_->set(FaultProxy::Mode::kPass);
  ASSERT_TRUE(test::wait_for([&] { return box_->drained(); })) << box_->plumb("agent status").second;
  const auto [code, said] =
      stack_.plumb(tenant_, "push --no-git --config " + box_->config().string() +
                                " --endpoint http://127.0.0.1:" + std::to_string(network_->port()) + " " +
                                (planted() / "push").string());
  EXPECT_EQ(code, 0) << said;
  expect_clean("what push said", said, GetParam());

  const auto stored = [&](const std::string& where, std::size_t count) {
    const std::string sql = "SELECT (SELECT count(*) FROM plumbline.traces WHERE " + where +
                            ") + (SELECT count(*) FROM plumbline.reports WHERE " + where + ")";
    std::string seen;
    EXPECT_TRUE(test::wait_for([&] { return (seen = stack_.value(sql)) == std::to_string(count); }))
        << where << ": " << seen << " instead of " << count << "\n"
        << box_->plumb("agent status").second;
  };
  stored("agent = 'laptop'", corpus_.size());
  stored("agent = 'tailed'", 4 * corpus_.size());
  stored("agent = 'pushed'", 4 * corpus_.size());
  const std::string of_linters =
      "SELECT count(*) FROM plumbline.reports WHERE agent NOT IN ('tailed', 'pushed')";
  EXPECT_TRUE(test::wait_for([&] { return stack_.value(of_linters) == "3"; })) << stack_.value(of_linters);
  // OTLP: spans and log records; and the report of a linter of that name.
  stored("agent = 'planted'", 2 * corpus_.size() + 1);
  EXPECT_EQ(stack_.value(
                "SELECT bool_and(verdict = 'ok')::text FROM plumbline.chain_verdicts WHERE agent = 'laptop'"),
            "true");

  std::string wire;
  for (const std::string& sent : network_->captured()) wire += bodies_of(sent);
  EXPECT_NE(wire.find("[redacted:"), std::string::npos);
  EXPECT_EQ(wire.find(marker_) != std::string::npos, GetParam());
  expect_clean("the wire", wire, GetParam());
  const std::string log = read_folder(stack_.folder());
  EXPECT_NE(log.find("[redacted:"), std::string::npos);
  expect_clean("the log and the server's files", log, GetParam());
  const std::string database = rows();
  EXPECT_NE(database.find("[redacted:"), std::string::npos);
  EXPECT_EQ(database.find(marker_) != std::string::npos, GetParam());
  expect_clean("PostgreSQL", database, GetParam());
  expect_clean("the state folder afterwards", read_folder(box_->state()), GetParam());
  expect_clean("the agent's output", read_file(box_->folder() / "agent.log"), false);
  expect_clean("the server's output", stack_.logs(), false);
  EXPECT_EQ(box_->process().terminate(), 0);
}

INSTANTIATE_TEST_SUITE_P(Content, AgentSecrets, testing::Bool(),
                         [](const auto& content) { return content.param ? "OptedIn" : "ByDefault"; });

}  // namespace
}  // namespace plumbline::tests
