// The hot path step by step: verify, split, decode, admit, embedded append. Run it by itself:
// build/release/bin/bench/hot_path_bench.
#include <atomic>
#include <filesystem>
#include <thread>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "bench/load/trace_maker.h"
#include "core/clock.h"
#include "core/codec/body.h"
#include "core/codec/form_decoder.h"
#include "core/codec/report_summary.h"
#include "core/crypto/webhooks.h"
#include "core/log/embedded/embedded_log.h"
#include "producers/edge/admit.h"
#include "tests/support/process/process.h"

namespace plumbline {
namespace {

std::string body_of(int traces, std::size_t bytes) {
  load::TraceMaker maker(
      {.traces_per_request = traces, .trace_bytes = bytes, .sessions = 10, .agents = 1, .zstd = false}, 1);
  std::string body;
  std::vector<Uuid> ids;
  maker.make(SystemClock().now(), body, ids);
  return body;
}

void verify(benchmark::State& state) {
  const std::string body = body_of(1, static_cast<std::size_t>(state.range(0)));
  const crypto::HmacKey key("0123456789abcdef0123456789abcdef");
  const TimeUs now = SystemClock().now();
  const std::string timestamp = std::to_string(now.value / 1000000);
  const std::string signature = crypto::sign(key, "msg_1", now.value / 1000000, body);
  const crypto::VerifyKey keys[] = {{.hmac = &key}};
  for (auto _ : state) {
    if (!crypto::verify({"msg_1", timestamp, signature}, body, keys, now))
      state.SkipWithError("not verified");
  }
}
BENCHMARK(verify)->Arg(1024)->Arg(60000);

template <class Decodes>
void decode(benchmark::State& state) {
  std::string body = body_of(1, static_cast<std::size_t>(state.range(0)));
  body.pop_back();
  Decodes decoder;
  for (auto _ : state) {
    if (!decoder.decode(body, codec::Endpoint::kTraces)) state.SkipWithError("not decoded");
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * body.size()));
}
BENCHMARK_TEMPLATE(decode, codec::Decoder)->Arg(600)->Arg(1024);
BENCHMARK_TEMPLATE(decode, codec::FormDecoder)->Arg(600)->Arg(1024);

// A report of about 2 KB with as many findings as asked for.
std::string report_of(int findings) {
  std::string line = fmt::format(
      R"({{"id":"{}","kind":"report","time":"{}","agent":"ci","repo":"organization/repository","branch":"main",)"
      R"("commit":"{:040x}","data":{{"status":"FAIL","failures":[)",
      Uuid::random().to_string(), format_rfc3339(SystemClock().now()), 7);
  for (int i = 0; i < findings; ++i) {
    line += fmt::format(
        R"({}{{"id":"{}","title":"File Size Limit","details":"The following files exceed the maximum limit of )"
        R"(300 lines and should be split into smaller, more modular components to improve maintainability",)"
        R"("severity":"low","provenance":"traditional","files":["src/internal/operators/file{}.ts"]}})",
        i == 0 ? "" : ",", i == 0 ? "ARCH_BOUNDARY" : "file-size", i);
  }
  return line + R"(],"stats":{"score":90}}})";
}

void decode_report(benchmark::State& state) {
  const std::string line = report_of(static_cast<int>(state.range(0)));
  codec::Decoder decoder;
  for (auto _ : state) {
    if (!decoder.decode(line, codec::Endpoint::kReports)) state.SkipWithError("not decoded");
  }
}
BENCHMARK(decode_report)->Arg(6);

// What the edge adds to it (docs/adr/0023), and what a reader of the header pays instead of the line.
void summarize_report(benchmark::State& state) {
  const std::string line = report_of(static_cast<int>(state.range(0)));
  codec::Decoder decoder;
  const auto decoded = decoder.decode(line, codec::Endpoint::kReports);
  std::string summary;
  for (auto _ : state) {
    summary.clear();
    if (!codec::append_report_summary(**decoded, summary)) state.SkipWithError("no summary");
  }
}
BENCHMARK(summarize_report)->Arg(6);

void read_report_summary(benchmark::State& state) {
  const std::string line = report_of(static_cast<int>(state.range(0)));
  codec::Decoder decoder;
  std::string summary;
  codec::append_report_summary(**decoder.decode(line, codec::Endpoint::kReports), summary);
  for (auto _ : state) {
    if (!codec::parse_report_summary(summary)) state.SkipWithError("not read");
  }
}
BENCHMARK(read_report_summary)->Arg(6);

void split(benchmark::State& state) {
  std::string body = body_of(100, 600);
  const std::size_t size = body.size();
  body.resize(size + 64);
  codec::BodySplitter splitter;
  for (auto _ : state) {
    if (!splitter.split(body.data(), size, codec::MediaType::kNdjson)) state.SkipWithError("not split");
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * 100);
}
BENCHMARK(split);

void admit(benchmark::State& state) {
  edge::Admitter admitter;
  const TenantId tenant{Uuid::random()};
  const edge::Rates rates{{1e9, 1e9}, {1e9, 1e9}};
  const edge::AgentShare shares[] = {{"agent-0", 1}};
  const SystemClock clock;
  for (auto _ : state) {
    if (!admitter.admit(tenant, rates, shares, clock.monotonic()).admitted)
      state.SkipWithError("not admitted");
  }
}
BENCHMARK(admit);

class CountAcks final : public log::AckListener {
 public:
  void on_acks(std::span<const log::Ack> acks) noexcept override {
    done_.fetch_add(acks.size());
    done_.notify_one();
  }
  void wait(std::uint64_t count) {
    for (auto now = done_.load(); now < count; now = done_.load()) done_.wait(now);
  }

 private:
  std::atomic<std::uint64_t> done_{0};
};

// One group of 128 records of 600 B, durable.
void append(benchmark::State& state) {
  const test::TempFolder folder("append");
  config::Embedded options;
  options.dir = folder.path().string();
  auto log = log::open_embedded(options);
  log::TopicSpec spec;
  spec.name = "traces.v1";
  if (!log || !(*log)->ensure_topic(spec)) return state.SkipWithError("no log");
  CountAcks acks;
  auto producer = (*log)->producer(acks);
  const std::string value(600, 'x');
  std::uint64_t appended = 0;
  for (auto _ : state) {
    for (int i = 0; i < 128; ++i) {
      log::Record record;
      record.topic = spec.name;
      record.partition = i % 8;
      record.key = "key";
      record.value = value;
      (*producer)->append(record, appended++);
    }
    (*producer)->submit();
    acks.wait(appended);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(appended));
}
BENCHMARK(append)->UseRealTime();

}  // namespace
}  // namespace plumbline

BENCHMARK_MAIN();
