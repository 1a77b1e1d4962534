// From the edge's 202 of a failing report to the receipt of the message by a Slack on this machine, while
// 1,000 traces/s of other load run through the same edge: edge, persist, health, drift and notify are
// processes of their own. usage: drift_e2e_bench embedded|kafka SECONDS ROUNDS; prints one JSON object a
// round.
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <map>
#include <string_view>
#include <thread>

#include <fmt/format.h>

#include "bench/load/figures.h"
#include "bench/load/http_load.h"
#include "core/clock.h"
#include "core/codec/json_value.h"
#include "tests/support/fakes.h"
#include "tests/support/report_client.h"
#include "tests/support/stack/stack.h"

namespace plumbline {
namespace {

using std::chrono::milliseconds;

constexpr double kLoadTracesS = 1000;
constexpr milliseconds kBetweenDrifts{100};

// The other load, on a thread of its own.
class Load {
 public:
  Load(const tests::Stack& stack, const load::Signer& signer) {
    options_.port = static_cast<std::uint16_t>(stack.edge_port());
    options_.signers = {signer};
    options_.connections = 16;
    options_.requests_s = kLoadTracesS;  // one trace each
    options_.warmup = milliseconds(0);
    options_.duration = std::chrono::hours(1);
    options_.shape.agents = 20;
    thread_ = std::jthread([this](const std::stop_token& stop) {
      auto done = load::run_load(options_, stop);
      if (done) result_ = *done;
    });
  }
  load::LoadResult end() {
    thread_.request_stop();
    thread_.join();
    return result_;
  }

 private:
  load::LoadOptions options_;
  load::LoadResult result_;
  std::jthread thread_;
};

class Bench {
 public:
  explicit Bench(tests::Backend backend)
      : stack_(backend), slack_("slack.py", {"--rate", "0", "--out", slack_file()}) {
    std::ofstream config(stack_.config_path(), std::ios::app);
    config << "[notify]\nallow_cidrs = \"127.0.0.0/8\"\nslack_interval = \"0s\"\nslack_api_url = \""
           << slack_.url("/api") << "\"\n";
    config.close();
    const std::string token = (stack_.folder() / "token").string();
    std::ofstream(token) << "xoxb-fake\n";
    std::filesystem::permissions(token, std::filesystem::perms::owner_read);
    stack_.start_roles();
    tenant_ = stack_.create_tenant("bench");
    stack_.plumbline("route add bench team --kind slack_app --to C0TEAM --secret-file " + token);
    for (const char* role : {"health", "drift", "notify"}) stack_.add_role(role);
    if (!test::wait_for([&] { return tests::accepts(stack_, tenant_); }))
      throw std::runtime_error(stack_.logs());
  }

  void round(int number, milliseconds length) {
    Load load(stack_, tenant_.signer);
    tests::ReportClient client(stack_.edge_port(), tenant_.signer);
    std::map<std::string, double> accepted;  // by repository, wall seconds
    const auto start = std::chrono::steady_clock::now();
    // The first second warms up connections, caches and the load.
    for (int n = 0; std::chrono::steady_clock::now() - start < length + milliseconds(1000); ++n) {
      const std::string repo = fmt::format("repo-{}-{}-end", number, n);
      const TimeUs now = SystemClock().now();
      post(client, tests::ReportLine{repo, {now.value - 10'000}, "1", ""}.text());
      post(client, tests::ReportLine{repo, now, "2", "core/a.ts"}.text());
      if (n * kBetweenDrifts >= milliseconds(1000))
        accepted[repo] = static_cast<double>(SystemClock().now().value) * 1e-6;
      const auto next = start + (n + 1) * kBetweenDrifts;
      (void)test::wait_for([&] { return std::chrono::steady_clock::now() >= next; });
    }
    std::vector<double> ms;
    const auto all_received = [&] {
      ms.clear();
      for (const auto& [repo, at] : receipts()) {
        if (const auto sent = accepted.find(repo); sent != accepted.end())
          ms.push_back((at - sent->second) * 1000);
      }
      return ms.size() == accepted.size();
    };
    const bool complete = test::wait_for(all_received);
    const double average = bench::load_average();
    const auto others = load.end();
    if (!complete) throw std::runtime_error("drifts without a message\n" + stack_.logs());
    load::require_all_accepted(others);
    const auto plain = plain_posts();
    fmt::print(
        R"({{"round":{},"log":"{}","drifts":{},"p50_ms":{:.1f},"p99_ms":{:.1f},"max_ms":{:.1f},"plain_p50_ms":{:.2f},"plain_p99_ms":{:.2f},"load_traces_s":{:.0f},"load_p99_ms":{:.1f},"load_average":{:.1f},"stages_p99_ms":{}}})"
        "\n",
        number, tests::to_string(stack_.backend()), ms.size(), bench::quantile(ms, 0.5),
        bench::quantile(ms, 0.99), bench::quantile(ms, 1), bench::quantile(plain, 0.5),
        bench::quantile(plain, 0.99), static_cast<double>(others.accepted) / others.seconds, others.p99_ms,
        average, stages(number));
    std::fflush(stdout);
  }

 private:
  // Where the time went, by the database's own times: reported to found, to published, to noted by notify, to
  // claimed by a sender, to recorded as delivered.
  [[nodiscard]] std::string stages(int number) const {
    return stack_.value(
        "SELECT json_object_agg(name, round((extract(epoch FROM p99) * 1000)::numeric, 1)) FROM (SELECT "
        "name, "
        "percentile_disc(0.99) WITHIN GROUP (ORDER BY took) AS p99 FROM plumbline.drift_events e JOIN "
        "plumbline.notify_events n USING (tenant_id, event_id) JOIN plumbline.notify_deliveries d USING "
        "(tenant_id, event_id) CROSS JOIN LATERAL (VALUES ('found', e.recorded_at - e.time), ('published', "
        "e.published_at - e.recorded_at), ('noted', n.noted_at - e.published_at), ('claimed', d.claimed_at - "
        "n.noted_at), ('delivered', d.finished_at - d.claimed_at)) AS s (name, took) WHERE e.repo LIKE "
        "'repo-" +
        std::to_string(number) + "-%' GROUP BY name) t");
  }
  [[nodiscard]] std::string slack_file() const { return (stack_.folder() / "slack.jsonl").string(); }
  static void post(tests::ReportClient& client, const std::string& lines) {
    if (const int status = client.post(lines); status != 202)
      throw std::runtime_error(fmt::format("the edge answered {}", status));
  }
  // When Slack took the first message about each repository, wall seconds.
  [[nodiscard]] std::map<std::string, double> receipts() const {
    std::map<std::string, double> first;
    std::ifstream in(slack_file());
    for (std::string line; std::getline(in, line);) {
      const auto call = codec::JsonValue::parse(line);
      if (!call) continue;
      const std::string_view text = (*call)["text"].text();
      const std::size_t repo = text.find("repo-"), end = text.find("-end");
      if (repo == std::string_view::npos || end == std::string_view::npos) continue;
      first.try_emplace(std::string(text.substr(repo, end + 4 - repo)), (*call)["at"].number().value_or(0));
    }
    return first;
  }
  // What is compared with: one POST of a message to the same Slack, answer included.
  [[nodiscard]] std::vector<double> plain_posts() const {
    const std::string body = R"({"channel":"C0PLAIN","text":"plain"})";
    const std::string request = fmt::format(
        "POST /api/chat.postMessage HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer "
        "xoxb-fake\r\nContent-Type: "
        "application/json\r\nContent-Length: {}\r\n\r\n{}",
        body.size(), body);
    std::vector<double> ms;
    test::RawHttp http(slack_.port());
    for (int n = 0; n < 100; ++n) {
      const auto start = std::chrono::steady_clock::now();
      if (!http.send(request) || http.receive().status != 200)
        throw std::runtime_error("Slack does not answer");
      ms.push_back(
          std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
    }
    return ms;
  }

  tests::Stack stack_;
  tests::Fake slack_;
  tests::Tenant tenant_;
};

}  // namespace
}  // namespace plumbline

int main(int argc, char** argv) {
  using namespace plumbline;
  const std::string_view log = argc > 1 ? argv[1] : "";
  if (argc != 4 || (log != "embedded" && log != "kafka")) return 2;
  try {
    Bench bench(log == "kafka" ? tests::Backend::kKafka : tests::Backend::kEmbedded);
    for (int round = 0; round < std::atoi(argv[3]); ++round)
      bench.round(round, std::chrono::seconds(std::atoi(argv[2])));
  } catch (const std::exception& error) {
    fmt::print(stderr, "drift_e2e_bench: {}\n", error.what());
    return 1;
  }
}
