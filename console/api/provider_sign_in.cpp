// To an identity provider and back. What must come back unchanged travels in a sealed cookie.
#include "console/api/cookies.h"
#include "console/api/handlers.h"
#include "console/api/people.h"
#include "console/api/providers.h"
#include "core/codec/json_value.h"
#include "core/codec/json_writer.h"
#include "core/crypto/base64.h"
#include "core/telemetry/logging.h"

namespace plumbline::console {
namespace {

constexpr int kFlowSeconds = 600;
constexpr std::string_view kFlowContext = "plumbline|console|flow|cookie";

// A path of this console: no scheme, no host, nothing a browser would take for one.
std::string safe_path(std::string_view text) {
  const bool plain = text.starts_with('/') && !text.starts_with("//") && text.size() <= 500 &&
                     text.find_first_of("\\\r\n\t ") == std::string_view::npos;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7e) return "/";
  }
  return plain ? std::string(text) : "/";
}

std::string redirect_uri(const Service& service, const Provider& provider) {
  return service.public_url + "/auth/" + provider.id + "/callback";
}

Answer failed(const Service& service, std::string_view word) {
  return redirect("/sign-in?error=" + std::string(word), flow_cookie_line(service, "", 0));
}

std::string sealed_flow(const Service& service, const Provider& provider, const Flow& flow,
                        std::string_view return_to) {
  std::string text;
  codec::JsonWriter(text)
      .open_object()
      .member("provider", provider.id)
      .member("state", flow.state)
      .member("nonce", flow.nonce)
      .member("verifier", flow.verifier)
      .member("return_to", return_to)
      .member("until", service.clock.now().value + std::int64_t{kFlowSeconds} * 1'000'000)
      .close_object();
  return crypto::base64url_encode(service.sealer.seal(Secret(text), kFlowContext));
}

// nullopt: there is none, it is another provider's, or it is too old.
std::optional<codec::JsonValue> opened_flow(const Service& service, const Call& call,
                                            const Provider& provider) {
  const auto sealed = crypto::base64url_decode(call.cookie_value(flow_cookie(service)));
  if (!sealed || sealed->empty()) return std::nullopt;
  auto opened = service.sealer.open(*sealed, kFlowContext);
  if (!opened) return std::nullopt;
  auto flow = codec::JsonValue::parse(opened->reveal());
  if (!flow || (*flow)["provider"].text() != provider.id) return std::nullopt;
  if ((*flow)["until"].number().value_or(0) < static_cast<double>(service.clock.now().value))
    return std::nullopt;
  return std::move(*flow);
}

}  // namespace

Reply start_sign_in(Ask& ask) {
  const Provider* provider = ask.service.providers->find(ask.parts[0]);
  if (provider == nullptr) return std::optional(not_found());
  if (auto wait = too_many(ask.service.by_address, ask.call.peer, ask.service)) return wait;
  const Flow flow{random_token(), random_token(), random_token()};
  auto url = ask.service.providers->authorization_url(*provider, flow, redirect_uri(ask.service, *provider));
  if (!url) {
    telemetry::warn("sign_in_failed", {{"provider", std::string_view(provider->id)},
                                       {"reason", std::string_view(url.error().message)}});
    return std::optional(failed(ask.service, "unavailable"));
  }
  const std::string return_to = safe_path(ask.call.parameter("return_to").value_or("/"));
  return std::optional(redirect(
      *url,
      flow_cookie_line(ask.service, sealed_flow(ask.service, *provider, flow, return_to), kFlowSeconds)));
}

Reply finish_sign_in(Ask& ask) {
  const Provider* provider = ask.service.providers->find(ask.parts[0]);
  if (provider == nullptr) return std::optional(not_found());
  if (auto wait = too_many(ask.service.by_address, ask.call.peer, ask.service)) return wait;
  const auto kept = opened_flow(ask.service, ask.call, *provider);
  const std::string state = ask.call.parameter("state").value_or("");
  if (!kept ||
      !crypto::constant_time_equal(crypto::as_bytes(state), crypto::as_bytes((*kept)["state"].text())))
    return std::optional(failed(ask.service, "expired"));
  const auto code = ask.call.parameter("code");
  if (!code || code->empty()) return std::optional(failed(ask.service, "denied"));
  const Flow flow{state, std::string((*kept)["nonce"].text()), std::string((*kept)["verifier"].text())};
  auto identity =
      ask.service.providers->identity(*provider, flow, *code, redirect_uri(ask.service, *provider));
  if (!identity) {
    telemetry::warn("sign_in_failed", {{"provider", std::string_view(provider->id)},
                                       {"reason", std::string_view(identity.error().message)}});
    return std::optional(
        failed(ask.service, identity.error().fault == Fault::kRetryable ? "unavailable" : "failed"));
  }
  auto control = ask.database.control();
  if (!control) return control.error();
  auto user = user_of(**control, *identity);
  if (!user && user.error().code == "not_invited") return std::optional(failed(ask.service, "not_invited"));
  if (!user) return user.error();
  auto session = open_session(**control, *user, "browser", ask.service.config.session_ttl);
  if (!session) return session.error();
  ask.service.by_address.forget(ask.call.peer);
  return std::optional(redirect((*kept)["return_to"].text(), session_cookies(ask.service, *session) +
                                                                 flow_cookie_line(ask.service, "", 0)));
}

}  // namespace plumbline::console
