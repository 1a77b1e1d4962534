#include "producers/agent/listener.h"

#include <array>

#include "core/codec/json_writer.h"
#include "core/compress/compress.h"
#include "core/http/server.h"
#include "core/limits.h"

namespace plumbline::agent {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kBodiesBytesMax = std::int64_t{64} << 20;  // four largest bodies at once
constexpr int kConnectionsMax = 256;                              // programs of one machine
constexpr auto kDrain = 5000ms;

bool is_loopback_host(std::string_view host) {
  if (host.starts_with('[')) return host.starts_with("[::1]");
  host = host.substr(0, host.find(':'));
  return host == "localhost" || host.starts_with("127.");
}

class LoopbackHandler final : public http::Handler {
 public:
  LoopbackHandler(http::Worker& worker, const Endpoints& endpoints, Spool& spool,
                  const redact::Policy& policy)
      : worker_(worker), endpoints_(endpoints), intake_(spool, policy) {}

  bool on_head(const http::RequestHead& head, http::Responder& responder) override {
    const auto at = endpoints_.find(head.path());
    if (at == endpoints_.end())
      return refuse(plain_, 404, "No such path", "native events go to POST /ingest", {}, responder);
    const Endpoint& endpoint = *at->second;
    const std::string_view type = head.field("content-type");
    if (head.method != "POST") return refuse(endpoint, 405, "Only POST", "send it as POST", type, responder);
    // A page in a browser may reach loopback, by its own request or by a name that it points here.
    if (!head.field("origin").empty() || !is_loopback_host(head.field("host")))
      return refuse(endpoint, 403, "Not from a web page",
                    "programs of this machine send no Origin, and name 127.0.0.1, [::1] or localhost", type,
                    responder);
    if (const char* wanted = endpoint.wanted_type(type))
      return refuse(endpoint, 415, "Another media type", wanted, type, responder);
    const std::string_view encoding = head.field("content-encoding");
    if (!encoding.empty() && encoding != "identity" && encoding != "gzip" && encoding != "zstd")
      return refuse(endpoint, 415, "Another encoding", "send it plain, as gzip or as zstd", type, responder);
    return true;
  }

  void on_request(http::Request& request, http::Responder responder) override {
    const auto at = endpoints_.find(request.head.path());
    if (at == endpoints_.end()) return;  // on_head has answered
    const auto endpoint = at->second;
    const std::string type{request.head.field("content-type")};
    Received received{type, {}};
    const std::string_view encoding = request.head.field("content-encoding");
    if (encoding == "gzip" || encoding == "zstd") {
      const Status unpacked =
          decompressor_.run(encoding == "gzip" ? compress::Encoding::kGzip : compress::Encoding::kZstd,
                            request.body.view(), unpacked_, limits::kBodyBytesMax);
      if (!unpacked) {
        refuse(*endpoint, unpacked.error().code == "too_large" ? 413 : 400, "The body can't be read",
               unpacked.error().message, type, responder);
        return;
      }
      received.body = unpacked_.view();
    } else {
      received.body = request.body.view();
    }
    endpoint->take(received, intake_, [&worker = worker_, endpoint, responder](Answer answer) {
      // From the spool's thread, or from here: both go through the worker's queue.
      auto shared = std::make_shared<Answer>(std::move(answer));
      worker.post([responder, shared]() mutable { send(*shared, responder); });
    });
  }

  void on_refusal(const http::Refusal& refusal, http::Responder responder) override {
    refuse(plain_, refusal.status, refusal.code, refusal.detail, {}, responder);
  }

 private:
  class Plain final : public Endpoint {
    [[nodiscard]] const char* wanted_type(std::string_view) const override { return nullptr; }
    void take(Received, Intake&, Answered) override {}
  };

  static void send(const Answer& answer, http::Responder& responder) {
    responder.send({.status = answer.status,
                    .content_type = answer.content_type,
                    .extra_fields = answer.fields,
                    .body = answer.body});
  }
  static bool refuse(const Endpoint& endpoint, int status, std::string_view title, std::string_view detail,
                     std::string_view type, http::Responder& responder) {
    send(endpoint.problem(status, title, detail, type), responder);
    return false;
  }

  http::Worker& worker_;
  const Endpoints& endpoints_;
  Intake intake_;
  compress::Decompressor decompressor_;
  PaddedBuffer unpacked_;
  Plain plain_;
};

}  // namespace

Answer Endpoint::problem(int status, std::string_view title, std::string_view detail,
                         std::string_view) const {
  Answer answer{status, "application/problem+json", status == 503 ? "Retry-After: 5\r\n" : "", {}};
  codec::JsonWriter(answer.body)
      .open_object()
      .member("title", title)
      .member("status", status)
      .member("detail", detail)
      .close_object();
  return answer;
}

struct Listener::Impl {
  Impl(std::string listen, Endpoints given, Spool& spool, const redact::Policy& policy)
      : endpoints(std::move(given)),
        budget(kBodiesBytesMax),
        server(
            options(std::move(listen)),
            [this, &spool, &policy](http::Worker& worker) {
              return std::make_unique<LoopbackHandler>(worker, endpoints, spool, policy);
            },
            budget) {}

  static http::ServerOptions options(std::string listen) {
    http::ServerOptions options;
    options.listen = std::move(listen);
    options.body_bytes_max = limits::kBodyBytesMax;
    options.connections_max = kConnectionsMax;
    return options;
  }

  const Endpoints endpoints;
  http::Budget budget;
  http::Server server;
};

Listener::Listener(std::string listen, Endpoints endpoints, Spool& spool, const redact::Policy& policy)
    : impl_(std::make_unique<Impl>(std::move(listen), std::move(endpoints), spool, policy)) {}
Listener::~Listener() = default;
Status Listener::start() {
  return impl_->server.start();
}
void Listener::stop() {
  impl_->server.drain(kDrain);
  impl_->server.stop();
}
int Listener::port() const {
  return impl_->server.port();
}

}  // namespace plumbline::agent
