// CPU of health's fold alone: frames in memory into sums, beside a decode of the same lines. Neither log nor
// PostgreSQL. usage: fold_bench TRACES_A_ROUND ROUNDS; prints one JSON object a round.
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "bench/load/figures.h"
#include "bench/load/trace_maker.h"
#include "consumers/health/fold.h"
#include "core/clock.h"
#include "core/codec/decoder.h"
#include "core/codec/form_decoder.h"
#include "core/frame.h"

namespace plumbline {
namespace {

constexpr int kFrameTraces = 100;
constexpr std::size_t kTraceBytes = 580;
constexpr int kAgents = 8;

struct Frame {
  std::string key, agent, seq, body;
  std::vector<log::Header> headers;
};

class Bench {
 public:
  explicit Bench(int traces) : frames_(static_cast<std::size_t>(traces / kFrameTraces)) {}

  void round(int number) {
    make();
    for (const log::ReadRecord& record : records_) inputs_.push_back({&record, true});
    std::size_t lines = 0;
    const double decoded = decode(decoder_, lines);
    lines = 0;
    const double formed = decode(former_, lines);
    const double start = bench::own_cpu_seconds();
    std::size_t counted = 0;
    for (std::span<const loop::Input> rest = inputs_; !rest.empty();) {
      rest = rest.subspan(health::fold(state_, rest, 200000, former_, effects_));
      for (auto& [key, window] : state_.windows) window.keep();
      counted += effects_.counted;
    }
    const double folded = bench::own_cpu_seconds() - start;
    if (counted != lines) std::terminate();
    const double n = static_cast<double>(lines) * 1e-6;
    fmt::print(R"({{"round":{},"fold_cpu_us":{:.3f},"form_cpu_us":{:.3f},"decode_cpu_us":{:.3f}}})"
               "\n",
               number, folded / n, formed / n, decoded / n);
    std::fflush(stdout);
    inputs_.clear();
  }

 private:
  template <class Decoder>
  double decode(Decoder& decoder, std::size_t& lines) {
    const double start = bench::own_cpu_seconds();
    for (const Frame& frame : frames_) {
      std::string_view rest = frame.body;
      while (!rest.empty()) {
        const std::size_t end = rest.find('\n');
        if (!decoder.decode(rest.substr(0, end), codec::Endpoint::kTraces)) std::terminate();
        ++lines;
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
      }
    }
    return bench::own_cpu_seconds() - start;
  }

  void make() {
    records_.clear();
    int at = 0;
    for (Frame& frame : frames_) {
      const TimeUs now = clock_.now();
      maker_.make(now, frame.body, ids_);
      frame.agent = fmt::format("agent-{}", at++ % kAgents);
      for (std::size_t i = 0; (i = frame.body.find("\"agent-0\"", i)) != std::string::npos; ++i) {
        frame.body.replace(i + 1, frame.agent.size(), frame.agent);
      }
      frame.key = tenant_ + "/" + frame.agent;
      frame.seq = std::to_string(at);
      frame.headers = {{frame::kCeSpecVersion, "1.0"},  {frame::kTenant, tenant_},
                       {frame::kAgent, frame.agent},    {frame::kKeyId, "key_bench"},
                       {frame::kReceivedAt, received_}, {frame::kRunId, run_},
                       {frame::kSeq, frame.seq}};
      log::ReadRecord record;
      record.topic = frame::kTracesTopic;
      record.partition = at % kAgents;
      record.offset = at;
      record.key = frame.key;
      record.value = frame.body;
      record.headers = frame.headers;
      records_.push_back(record);
    }
  }

  std::vector<Frame> frames_;
  std::vector<log::ReadRecord> records_;
  std::vector<loop::Input> inputs_;
  std::string tenant_ = Uuid::random().to_string(), run_ = Uuid::random().to_string();
  std::string received_ = format_rfc3339(SystemClock().now());
  std::vector<Uuid> ids_;
  SystemClock clock_;
  load::TraceMaker maker_{{.traces_per_request = kFrameTraces, .trace_bytes = kTraceBytes, .sessions = 10},
                          1};
  codec::Decoder decoder_;
  codec::FormDecoder former_;
  health::State state_;
  health::Effects effects_;
};

}  // namespace
}  // namespace plumbline

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  try {
    plumbline::Bench bench(std::atoi(argv[1]));
    for (int round = 0; round < std::atoi(argv[2]); ++round) bench.round(round);
  } catch (const std::exception& error) {
    fmt::print(stderr, "fold_bench: {}\n", error.what());
    return 1;
  }
}
