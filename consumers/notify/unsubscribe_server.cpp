#include <algorithm>

#include "consumers/notify/unsubscribe.h"
#include "core/http/server.h"
#include "core/telemetry/logging.h"
#include "sinks/postgres/notify_unsubscribes.h"

namespace plumbline::notify {
namespace {

constexpr std::string_view kPrefix = "/unsubscribe/";
constexpr std::string_view kOneClick = "List-Unsubscribe=One-Click";
constexpr std::size_t kBodyBytesMax = 8 << 10;  // one field, as a form or as multipart
constexpr std::int64_t kBudgetBytes = 1 << 20;
constexpr int kConnectionsMax = 200;
// Nothing of others is loaded, nothing is kept, the token stays out of Referer lines.
constexpr std::string_view kFields =
    "Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n"
    "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; form-action 'self'\r\n";

std::string page(std::string_view title, std::string_view body) {
  std::string html =
      "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width\"><title>";
  html.append(title);
  html +=
      "</title><body style=\"font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:4rem auto;padding:0 "
      "1rem\"><h1 style=\"font-size:1.3rem\">";
  html.append(title).append("</h1>").append(body).append("</body></html>\n");
  return html;
}

class UnsubscribeHandler final : public http::Handler {
 public:
  UnsubscribeHandler(const UnsubscribeOptions& options, const UnsubscribeTokens& tokens, const Clock& clock)
      : options_(options), tokens_(tokens), clock_(clock) {}

  bool on_head(const http::RequestHead& head, http::Responder& responder) override {
    if (head.method == "GET" || head.method == "HEAD" || head.method == "POST") return true;
    responder.send({.status = 405,
                    .content_type = "text/plain",
                    .extra_fields = "Allow: GET, POST\r\n",
                    .body = "GET or POST only\n",
                    .close = true});
    return false;
  }

  void on_request(http::Request& request, http::Responder responder) override {
    const std::string_view path = request.head.path();
    if (!path.starts_with(kPrefix))
      return answer(responder, 404, "Not found", "<p>There is nothing here.</p>");
    const std::string_view token = path.substr(kPrefix.size());
    auto subject = find(token);
    if (!subject) return unavailable(responder, subject.error());
    if (!*subject) {
      return answer(responder, 404, "Link not valid",
                    "<p>This link is not complete, or the notifications it belongs to are not sent any "
                    "more.</p>");
    }
    if (request.head.method != "POST") return confirm(responder, **subject);
    unsubscribe(request, responder, **subject);
  }

  void on_refusal(const http::Refusal& refusal, http::Responder responder) override {
    responder.send(
        {.status = refusal.status, .content_type = "text/plain", .body = "refused\n", .close = true});
  }

 private:
  // nullopt: no such subscription, or the token is not for it.
  Result<std::optional<postgres::Subscription>> find(std::string_view token) {
    const auto claim = UnsubscribeTokens::read(token);
    if (!claim) return std::optional<postgres::Subscription>();
    if (connection_ && connection_->broken()) connection_.reset();
    if (!connection_) {
      auto made = pg::Connection::connect(options_.postgres);
      if (!made) return made.error();
      connection_.emplace(std::move(*made));
    }
    auto found = postgres::find_subscription(*connection_, claim->tenant, claim->route);
    if (!found) return found.error();
    if (*found && !tokens_.verify(token, (*found)->address)) found->reset();
    return found;
  }

  void confirm(http::Responder& responder, const postgres::Subscription& subject) {
    if (subject.unsubscribed) return done(responder);
    answer(
        responder, 200, "Unsubscribe",
        "<p>Stop sending these Plumbline notifications to your address?</p><form method=\"post\"><input "
        "type=\"hidden\" name=\"List-Unsubscribe\" value=\"Page\"><button style=\"font:inherit;padding:.5rem "
        "1rem\">Unsubscribe</button></form>");
  }

  void unsubscribe(const http::Request& request, http::Responder& responder,
                   const postgres::Subscription& subject) {
    const std::string_view body = request.body.view();
    // As a form, or as a part of multipart/form-data (RFC 8058 section 3.2 allows both).
    const bool one_click = body.find(kOneClick) != std::string_view::npos ||
                           (body.find("List-Unsubscribe\"") != std::string_view::npos &&
                            body.find("One-Click") != std::string_view::npos);
    if (!one_click && body.find("List-Unsubscribe=Page") == std::string_view::npos) {
      return answer(responder, 400, "Nothing changed",
                    "<p>The request did not say List-Unsubscribe=One-Click.</p>");
    }
    const Status noted =
        postgres::note_unsubscribe(*connection_, subject, one_click ? "one_click" : "page", clock_.now());
    if (!noted) return unavailable(responder, noted.error());
    telemetry::info("unsubscribed", {{"route", std::string_view(subject.route.to_string())}});
    done(responder);
  }

  static void done(http::Responder& responder) {
    answer(responder, 200, "Unsubscribed",
           "<p>No more of these notifications are sent to your address. An administrator of your "
           "organization can turn them on again.</p>");
  }
  static void unavailable(http::Responder& responder, const Error& why) {
    telemetry::warn("unsubscribe_failed", {{"code", std::string_view(why.code)}});
    responder.send({.status = 503,
                    .content_type = "text/plain",
                    .extra_fields = "Retry-After: 30\r\n",
                    .body = "not available at the moment, please try again\n"});
  }
  static void answer(http::Responder& responder, int status, std::string_view title, std::string_view body) {
    const std::string html = page(title, body);
    responder.send({.status = status,
                    .content_type = "text/html; charset=utf-8",
                    .extra_fields = kFields,
                    .body = html});
  }

  const UnsubscribeOptions& options_;
  const UnsubscribeTokens& tokens_;
  const Clock& clock_;
  std::optional<pg::Connection>
      connection_;  // the worker's thread waits for it: few people unsubscribe at once
};

http::ServerOptions server_options(const std::string& listen) {
  http::ServerOptions options;
  options.listen = listen;
  options.body_bytes_max = kBodyBytesMax;
  options.connections_max = kConnectionsMax;
  return options;
}

}  // namespace

struct UnsubscribeServer::Impl {
  Impl(UnsubscribeOptions given, const UnsubscribeTokens& tokens, const Clock& clock)
      : options(std::move(given)),
        budget(kBudgetBytes),
        server(
            server_options(options.listen),
            [this, &tokens, &clock](http::Worker&) {
              return std::make_unique<UnsubscribeHandler>(options, tokens, clock);
            },
            budget) {}

  UnsubscribeOptions options;
  http::Budget budget;
  http::Server server;
};

UnsubscribeServer::UnsubscribeServer(UnsubscribeOptions options, const UnsubscribeTokens& tokens,
                                     const Clock& clock)
    : impl_(std::make_unique<Impl>(std::move(options), tokens, clock)) {}
UnsubscribeServer::~UnsubscribeServer() {
  stop();
}
Status UnsubscribeServer::start() {
  return impl_->server.start();
}
void UnsubscribeServer::stop() {
  impl_->server.stop();
}
int UnsubscribeServer::port() const {
  return impl_->server.port();
}

}  // namespace plumbline::notify
