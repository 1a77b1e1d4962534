// HTTP on loopback for programs of this machine: POST /ingest takes native events; other paths (OTLP) are
// endpoints that their owner adds. Refuses what a web page could send: a request with an Origin, or for a
// host that is not loopback.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/result.h"
#include "producers/agent/intake.h"

namespace plumbline::agent {

struct Answer {
  int status = 202;
  std::string content_type = "application/json";
  std::string fields;  // whole lines, each ended by CRLF
  std::string body;
};
using Answered = std::function<void(Answer)>;

struct Received {
  std::string_view content_type;
  std::string_view body;  // decompressed; until take returns
};

// What answers POST on one path. Called on the listener's thread, one call at a time; `answered` is called
// once, from any thread.
class Endpoint {
 public:
  virtual ~Endpoint() = default;
  // The media type is one it takes; nullptr, or what to send instead.
  [[nodiscard]] virtual const char* wanted_type(std::string_view content_type) const = 0;
  virtual void take(Received received, Intake& intake, Answered answered) = 0;
  // A refusal by the listener or a full spool, in the endpoint's own form.
  [[nodiscard]] virtual Answer problem(int status, std::string_view title, std::string_view detail,
                                       std::string_view content_type) const;
};
using Endpoints = std::map<std::string, std::shared_ptr<Endpoint>, std::less<>>;

// POST /ingest: one event, an array, or NDJSON. 202 {"accepted", "rejected": [{"index", "reason", "detail"}]}
// once they are on disk; 422 when none is an event; 503 with Retry-After when the spool is full: nothing was
// kept.
[[nodiscard]] std::shared_ptr<Endpoint> ingest_endpoint();

// POST /v1/traces and /v1/logs (OTLP/HTTP). With `include_content` off, content stays behind before the
// redaction even sees it. `clock` outlives the endpoints.
void add_otlp_endpoints(Endpoints& endpoints, bool include_content, const Clock& clock);

class Listener {
 public:
  // `listen` is loopback (config.h sees to it).
  Listener(std::string listen, Endpoints endpoints, Spool& spool, const redact::Policy& policy);
  ~Listener();
  // Retryable "listen": the address is taken.
  Status start();
  // What is under way is answered.
  void stop();
  [[nodiscard]] int port() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace plumbline::agent
