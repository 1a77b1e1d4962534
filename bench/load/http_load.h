// A closed-loop HTTP/1.1 load generator over loopback: N keep-alive connections, one request in flight on
// each, on one thread with epoll. Every request is made and signed freshly when it is sent.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "bench/load/trace_maker.h"
#include "core/result.h"

namespace plumbline::load {

struct LoadOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;
  std::string path = "/api/v1/traces";
  std::vector<Signer> signers;  // requests take turns over them: tenants interleave
  int connections = 64;
  std::chrono::milliseconds duration{10000};
  std::chrono::milliseconds warmup{1000};  // its requests are sent but not counted
  double requests_s = 0;                   // 0: as fast as answers come
  std::uint64_t seed = 1;
  Shape shape;
  std::chrono::milliseconds reconnect_wait{50};  // after a refused or broken connection
};

struct LoadResult {
  std::uint64_t requests = 0;  // answered inside the measured window
  std::uint64_t accepted = 0;  // traces of requests answered 202 in the window
  std::uint64_t broken = 0;    // connections that failed; not those that the server closed in a pause
  std::map<int, std::uint64_t> by_status;
  double seconds = 0;
  double p50_ms = 0, p99_ms = 0, max_ms = 0;
};

// Told of every answer: status, the ids of the request in order, its signer's index and the body of the
// answer.
using OnAnswer =
    std::function<void(int status, std::span<const Uuid> ids, std::size_t signer, std::string_view answer)>;
// Called at the start and at the end of the measured window (CPU readings).
using OnWindow = std::function<void(bool start)>;

// Runs until `duration` has passed or `stop` is requested; then waits for the answers that are due.
Result<LoadResult> run_load(const LoadOptions& options, std::stop_token stop = {},
                            const OnAnswer& on_answer = {}, const OnWindow& on_window = {});

// Throws std::runtime_error that names every status unless each request was answered 202: figures of a load
// that was refused in part are of another load.
void require_all_accepted(const LoadResult& result);

}  // namespace plumbline::load
