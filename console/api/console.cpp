#include "console/api/console.h"

#include <atomic>

#include "console/api/endpoints.h"
#include "console/api/live.h"
#include "console/api/providers.h"
#include "console/api/static_files.h"
#include "core/crypto/sha256.h"
#include "core/http/server.h"
#include "core/telemetry/logging.h"

namespace plumbline::console {
namespace {

using namespace std::chrono_literals;
constexpr std::size_t kBodyBytesMax = 64 << 10;  // the largest form is a route's
constexpr std::int64_t kBudgetBytes = 4 << 20;
constexpr int kConnectionsMax = 2000;  // each open page holds one for live events
constexpr int kOutgoingThreads = 2;
constexpr auto kDrain = 5s;

bool is_for_api(std::string_view path) {
  return path.starts_with("/api/") || path.starts_with("/auth/");
}

Call call_of(const http::Request& request, const config::Console& config) {
  const http::RequestHead& head = request.head;
  Call call;
  call.method = head.method;
  call.path = head.path();
  if (const auto mark = head.target.find('?'); mark != std::string_view::npos)
    call.query = head.target.substr(mark + 1);
  call.peer = request.peer;
  if (!config.proxy_header.empty()) {  // the proxy adds the last of them; what is before it, anybody may say
    const std::string_view list = head.field(config.proxy_header);
    const auto at = list.rfind(',');
    std::string_view last = at == std::string_view::npos ? list : list.substr(at + 1);
    while (!last.empty() && last.front() == ' ') last.remove_prefix(1);
    if (!last.empty()) call.peer = last.substr(0, 64);
  }
  call.host = head.field("host");
  call.cookie = head.field("cookie");
  call.csrf = head.field("x-plumbline-csrf");
  call.authorization = head.field("authorization");
  call.if_none_match = head.field("if-none-match");
  call.content_type = head.field("content-type");
  call.fetch_site = head.field("sec-fetch-site");
  call.last_event_id = head.field("last-event-id");
  call.body = request.body.view();
  return call;
}

// Fields that every answer of the API has, and the validator of those that can be asked for again.
void finish(Answer& answer, const Call& call, bool secure) {
  const bool get = call.method == "GET" || call.method == "HEAD";
  if (get && answer.status == 200 && answer.content_type != "text/event-stream") {
    const crypto::Digest256 digest = crypto::sha256(answer.body);
    const std::string etag = "W/\"" + crypto::to_hex(std::span(digest).first(12)) + "\"";
    answer.fields += "ETag: " + etag + "\r\n";
    if (call.if_none_match.find(etag) != std::string::npos) {
      answer.status = 304;
      answer.body.clear();
      answer.content_type.clear();
    }
  }
  answer.fields += security_fields(secure);
  if (answer.fields.find("Content-Security-Policy") == std::string::npos)
    answer.fields += "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n";
  if (answer.fields.find("Cache-Control") == std::string::npos)
    answer.fields += get ? "Cache-Control: private, no-cache\r\nVary: Cookie, Authorization\r\n"
                         : "Cache-Control: no-store\r\n";
}

struct Meters {
  explicit Meters(telemetry::Metrics& metrics)
      : answered(metrics.counter("plumbline_console_requests_total", "Requests of the console's API.",
                                 {{"result", "answered"}})),
        refused(metrics.counter("plumbline_console_requests_total", "Requests of the console's API.",
                                {{"result", "refused"}})),
        failed(metrics.counter("plumbline_console_requests_total", "Requests of the console's API.",
                               {{"result", "failed"}})),
        seconds(metrics.histogram("plumbline_console_request_seconds",
                                  "From a whole request to its answer, live events apart.",
                                  {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10})) {}
  telemetry::Counter& answered;
  telemetry::Counter& refused;
  telemetry::Counter& failed;
  telemetry::Histogram& seconds;

  void count(const Answer& answer, std::chrono::steady_clock::time_point since) {
    (answer.status >= 500 ? failed : answer.status >= 400 ? refused : answered).add();
    if (answer.content_type != "text/event-stream")
      seconds.observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - since).count());
  }
};

struct Shared {
  const config::Console& config;
  telemetry::Metrics& metrics;
  std::span<const Asset> assets;
  Service& service;
  Meters meters;
};

class ConsoleHandler final : public http::Handler {
 public:
  ConsoleHandler(Shared& shared, http::Worker& worker) : shared_(shared), worker_(worker) {}

  bool on_head(const http::RequestHead& head, http::Responder& responder) override {
    const std::string_view path = head.path();
    if (is_for_api(path)) {
      const Match found = match(head.method, path);
      if (found.endpoint != nullptr) return true;
      Answer answer =
          found.other_method ? problem(405, "method", "The path does not know this method") : not_found();
      Call call;
      call.method = head.method;
      finish(answer, call, shared_.service.secure);
      responder.send({.status = answer.status,
                      .content_type = answer.content_type,
                      .extra_fields = answer.fields,
                      .body = answer.body});
      return false;
    }
    if (head.method == "GET" || head.method == "HEAD") return true;
    responder.send({.status = 405,
                    .content_type = "text/plain",
                    .extra_fields = "Allow: GET\r\n",
                    .body = "GET only\n",
                    .close = true});
    return false;
  }

  void on_request(http::Request& request, http::Responder responder) override {
    const std::string_view path = request.head.path();
    if (is_for_api(path)) return ask(request, responder);
    if (path == "/livez") return text(responder, 200, "ok\n");
    if (path == "/readyz") return ready(responder);
    if (path == "/metrics") {
      const std::string all = shared_.metrics.text();
      return responder.send({.status = 200, .content_type = "text/plain; version=0.0.4", .body = all});
    }
    answer_file(shared_.assets, request.head, shared_.service.secure, responder);
  }

  void on_refusal(const http::Refusal& refusal, http::Responder responder) override {
    Answer answer = problem(refusal.status, refusal.code, "The request is refused", refusal.detail);
    if (refusal.status == 503) answer.fields = "Retry-After: 1\r\n";
    responder.send({.status = answer.status,
                    .content_type = answer.content_type,
                    .extra_fields = answer.fields,
                    .body = answer.body,
                    .close = true});
  }

 private:
  static void text(http::Responder& responder, int status, std::string_view body) {
    responder.send({.status = status, .content_type = "text/plain", .body = body});
  }

  // Asks PostgreSQL on a thread that may wait.
  void ready(http::Responder responder) {
    const bool taken = shared_.service.queries.submit([this, responder](Database& database) mutable {
      auto control = database.control();
      const bool good = control && (*control)->query("SELECT 1 FROM plumbline.user_sessions LIMIT 1").ok();
      (void)worker_.post([responder, good]() mutable {
        text(responder, good ? 200 : 503,
             good ? "ok\n" : "PostgreSQL can't be reached, or is not migrated\n");
      });
    });
    if (!taken) text(responder, 503, "too much waits\n");
  }

  void ask(http::Request& request, http::Responder responder) {
    auto call = std::make_shared<Call>(call_of(request, shared_.config));
    auto found = std::make_shared<Match>(match(call->method, call->path));
    if (found->endpoint == nullptr) return send(responder, not_found(), *call);
    const auto since = std::chrono::steady_clock::now();
    auto reply = [this, responder, call, since](Answer answer) {
      shared_.meters.count(answer, since);
      auto shared_answer = std::make_shared<Answer>(std::move(answer));
      (void)worker_.post([this, responder, call, shared_answer]() mutable {
        send(responder, std::move(*shared_answer), *call);
      });
    };
    Executor& lane =
        found->endpoint->lane == Lane::kQueries ? shared_.service.queries : shared_.service.outgoing;
    const bool taken = lane.submit([this, call, found, reply](Database& database) {
      auto answer = dispatch(shared_.service, database, *call, *found, reply);
      if (answer) reply(std::move(*answer));
    });
    if (taken) return;
    Answer full = problem(503, "unavailable", "Too many requests wait", "Try again in a few seconds.");
    full.fields = "Retry-After: 3\r\n";
    send(responder, std::move(full), *call);
  }

  void send(http::Responder& responder, Answer answer, const Call& call) {
    finish(answer, call, shared_.service.secure);
    responder.send({.status = answer.status,
                    .content_type = answer.content_type,
                    .extra_fields = answer.fields,
                    .body = answer.body});
  }

  Shared& shared_;
  http::Worker& worker_;
};

http::ServerOptions server_options(const config::Console& config) {
  http::ServerOptions options;
  options.listen = config.listen;
  options.tls_cert_file = config.tls_cert_file;
  options.tls_key_file = config.tls_key_file;
  options.body_bytes_max = kBodyBytesMax;
  options.connections_max = kConnectionsMax;
  return options;
}

}  // namespace

struct Console::Impl {
  Impl(const config::Console& c, const config::Postgres& p, const config::Keys& k, log::Log* l,
       const Clock& cl, telemetry::Metrics& m, std::span<const Asset> a)
      : config(c), postgres(p), keys(k), log(l), clock(cl), metrics(m), assets(a), budget(kBudgetBytes) {}

  const config::Console& config;
  const config::Postgres& postgres;
  const config::Keys& keys;
  log::Log* log;
  const Clock& clock;
  telemetry::Metrics& metrics;
  std::span<const Asset> assets;
  http::Budget budget;
  std::unique_ptr<Service> service;
  std::unique_ptr<Shared> shared;
  std::unique_ptr<http::Server> server;
};

Console::Console(const config::Console& config, const config::Postgres& postgres, const config::Keys& keys,
                 log::Log* log, const Clock& clock, telemetry::Metrics& metrics,
                 std::span<const Asset> assets)
    : impl_(std::make_unique<Impl>(config, postgres, keys, log, clock, metrics, assets)) {}

Console::~Console() {
  stop();
}

Status Console::start() {
  Impl& i = *impl_;
  auto sealer = crypto::Sealer::from_text(i.keys.master_key);
  if (!sealer) return sealer.error();
  i.service = std::make_unique<Service>(
      i.config, i.keys.master_key, std::move(*sealer),
      pg::ConnectOptions{.conninfo = i.postgres.url, .password = i.postgres.password}, i.log, i.clock);
  i.service->queries.start(i.config.connections);
  i.service->outgoing.start(kOutgoingThreads);
  i.service->beside.start(1);
  i.service->live->start();
  i.shared.reset(new Shared{i.config, i.metrics, i.assets, *i.service, Meters(i.metrics)});
  i.server = std::make_unique<http::Server>(
      server_options(i.config),
      [shared = i.shared.get()](http::Worker& worker) {
        return std::make_unique<ConsoleHandler>(*shared, worker);
      },
      i.budget);
  return i.server->start();
}

Status Console::reload_tls() {
  return impl_->server ? impl_->server->reload_tls() : ok_status();
}

void Console::stop() {
  Impl& i = *impl_;
  if (!i.server) return;
  i.service->live->stop();
  (void)i.server->drain(kDrain);
  i.service->queries.stop();
  i.service->outgoing.stop();
  i.service->beside.stop();
  i.server->stop();
  i.server.reset();
  i.shared.reset();
  i.service.reset();
}

int Console::port() const {
  return impl_->server ? impl_->server->port() : 0;
}

std::string Console::url() const {
  return public_url(impl_->config);
}

}  // namespace plumbline::console
