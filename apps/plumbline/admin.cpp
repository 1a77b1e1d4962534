#include "apps/plumbline/admin.h"

namespace plumbline::app {
namespace {

constexpr std::int64_t kBudgetBytes = 64 << 10;  // nothing here takes a body
constexpr int kConnectionsMax = 64;              // probes and one scraper

class AdminHandler final : public http::Handler {
 public:
  AdminHandler(std::function<Status()> ready, const telemetry::Metrics& metrics)
      : ready_(std::move(ready)), metrics_(metrics) {}

  bool on_head(const http::RequestHead& head, http::Responder& responder) override {
    if (head.method != "GET" && head.method != "HEAD") {
      responder.send({.status = 405,
                      .content_type = "text/plain",
                      .extra_fields = "Allow: GET\r\n",
                      .body = "GET only\n",
                      .close = true});
      return false;
    }
    return true;
  }

  void on_request(http::Request& request, http::Responder responder) override {
    if (request.head.target == "/livez") {
      responder.send({.status = 200, .content_type = "text/plain", .body = "ok\n"});
    } else if (request.head.target == "/readyz") {
      const Status ready = ready_();
      const std::string why = ready ? "ok\n" : ready.error().message + "\n";
      responder.send({.status = ready ? 200 : 503, .content_type = "text/plain", .body = why});
    } else if (request.head.target == "/metrics") {
      const std::string text = metrics_.text();
      responder.send({.status = 200, .content_type = "text/plain; version=0.0.4", .body = text});
    } else {
      responder.send(
          {.status = 404, .content_type = "text/plain", .body = "here are /livez, /readyz and /metrics\n"});
    }
  }

  void on_refusal(const http::Refusal& refusal, http::Responder responder) override {
    responder.send(
        {.status = refusal.status, .content_type = "text/plain", .body = "refused\n", .close = true});
  }

 private:
  std::function<Status()> ready_;
  const telemetry::Metrics& metrics_;
};

http::ServerOptions options_of(const std::string& listen) {
  http::ServerOptions options;
  options.listen = listen;
  options.body_bytes_max = 0;
  options.connections_max = kConnectionsMax;
  return options;
}

}  // namespace

Admin::Admin(const std::string& listen, std::function<Status()> ready, const telemetry::Metrics& metrics)
    : budget_(kBudgetBytes),
      server_(
          options_of(listen),
          [ready = std::move(ready), &metrics](http::Worker&) {
            return std::make_unique<AdminHandler>(ready, metrics);
          },
          budget_) {}

}  // namespace plumbline::app
