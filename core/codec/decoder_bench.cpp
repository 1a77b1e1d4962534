// What judging a line costs, by its size. Counters say so per line; a line is a chained decision.
#include <string>

#include <benchmark/benchmark.h>

#include "core/codec/decoder.h"

namespace {

std::string line_of(std::size_t bytes) {
  std::string head =
      R"({"id":"6513270e-269e-4d37-b2a7-4de452e6b438","kind":"decision","time":"2026-11-02T09:00:00Z","agent":"claude-code",)"
      R"("session":"s-1","repo":"github.com/acme/shop","data":{"timestamp":"2026-11-02T09:00:00+00:00",)"
      R"("idempotency_key":"f4afd8849ba56d35","prompt_id":"5d9dc9f8","session_id":"6513270e","policy_hash":"908c70063330c907",)"
      R"("matched_rule_id":"tests-yes","action_type":"auto_reply","confidence":"high","prompt_type":"yes_no","autonomy_mode":"full",)"
      R"("risk_score":30,"risk_category":"medium","prev_hash":"","hash":"357ac8f8aea9ace5bae4bb505e783ca1046fa0f8afbad6412846a8a005fbf5e0")";
  if (head.size() + 20 < bytes)
    head += R"(,"explanation":")" + std::string(bytes - head.size() - 19, 'e') + '"';
  return head + "}}";
}

void decode(benchmark::State& state) {
  plumbline::codec::Decoder decoder;
  const std::string line = line_of(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    const auto decoded = decoder.decode(line, plumbline::codec::Endpoint::kTraces);
    if (!decoded) return state.SkipWithError(decoded.error().message.c_str());
    benchmark::DoNotOptimize(*decoded);
  }
  state.counters["bytes"] = static_cast<double>(line.size());
}
BENCHMARK(decode)->Arg(600)->Arg(1024);

}  // namespace
