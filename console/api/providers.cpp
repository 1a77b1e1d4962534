#include "console/api/providers.h"

#include "console/api/call.h"
#include "console/api/id_token.h"
#include "console/api/tokens.h"
#include "core/crypto/base64.h"
#include "core/transfer/http.h"

namespace plumbline::console {
namespace {

using codec::JsonValue;
using namespace std::chrono_literals;

constexpr auto kAnswerWithin = 10s;  // a person waits
constexpr auto kDiscoveredFor = 1h;
constexpr auto kKeysAgainAfter = 5s;  // an unknown key can't make us ask more often
constexpr std::string_view kGoogleIssuer = "https://accounts.google.com";

std::string without_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

Error unreachable(const Provider& provider, std::string_view what) {
  return retryable("provider", provider.name + ": " + std::string(what));
}

// A 200 with a JSON document; `form` empty: GET.
Result<JsonValue> ask_for(const Provider& provider, const std::string& url, std::vector<std::string> headers,
                          const std::string& form = "") {
  // The operator named these addresses: the guard against tenants' URLs does not look at them.
  transfer::HttpClient client{transfer::Guard()};
  transfer::HttpRequest request{.url = url, .headers = std::move(headers), .body = form, .trusted = true};
  request.headers.emplace_back("Accept: application/json");
  const auto deadline = std::chrono::steady_clock::now() + kAnswerWithin;
  const auto response = form.empty() ? client.get(request, deadline) : client.post(request, deadline);
  if (response.fate != transfer::Fate::kAnswered) return unreachable(provider, response.error);
  if (response.status >= 500 || response.status == 429)
    return unreachable(provider, "answered " + std::to_string(response.status));
  if (response.status != 200)
    return poison("provider", provider.name + " answered " + std::to_string(response.status));
  auto value = JsonValue::parse(response.body);
  if (!value) return unreachable(provider, "its answer is no JSON");
  return value;
}

// Whole UTF-8 characters, so many bytes at most.
std::string clipped(std::string_view text, std::size_t most) {
  if (text.size() <= most) return std::string(text);
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0) == 0x80) --most;
  return std::string(text.substr(0, most));
}

std::string pair(std::string_view name, std::string_view value) {
  return std::string(name) + "=" + percent_encode(value);
}

}  // namespace

Providers::Providers(const config::Console& config, const Clock& clock) : config_(config), clock_(clock) {
  if (!config.oidc_issuer.empty())
    all_.push_back({"oidc", config.oidc_name, config.oidc_issuer, &config.oidc});
  if (!config.google.client_id.empty())
    all_.push_back({"google", "Google", std::string(kGoogleIssuer), &config.google});
  if (!config.github.client_id.empty()) all_.push_back({"github", "GitHub", "", &config.github});
}

const Provider* Providers::find(std::string_view id) const {
  for (const Provider& provider : all_) {
    if (provider.id == id) return &provider;
  }
  return nullptr;
}

Result<Providers::Discovered> Providers::discover(const Provider& provider) {
  const auto now = clock_.monotonic();
  {
    const std::scoped_lock lock(mutex_);
    const auto known = discovered_.find(provider.id);
    if (known != discovered_.end() && now - known->second.since < kDiscoveredFor) return known->second;
  }
  auto document = ask_for(provider, without_slash(provider.issuer) + "/.well-known/openid-configuration", {});
  if (!document) return document.error();
  if ((*document)["issuer"].text() != provider.issuer) {
    return unreachable(provider,
                       "it names itself another issuer than console.oidc_issuer; write that option exactly "
                       "as the document at /.well-known/openid-configuration does");
  }
  Discovered found;
  found.authorization = (*document)["authorization_endpoint"].text();
  found.token = (*document)["token_endpoint"].text();
  found.keys_uri = (*document)["jwks_uri"].text();
  found.since = now;
  if (found.authorization.empty() || found.token.empty() || found.keys_uri.empty())
    return unreachable(provider, "its discovery document lacks an endpoint");
  bool post = false, basic = !document->has("token_endpoint_auth_methods_supported");
  for (const JsonValue& method : (*document)["token_endpoint_auth_methods_supported"].items()) {
    post = post || method.text() == "client_secret_post";
    basic = basic || method.text() == "client_secret_basic";
  }
  found.basic = basic || !post;
  const std::scoped_lock lock(mutex_);
  return discovered_[provider.id] = std::move(found);
}

Result<JsonValue> Providers::keys_of(const Provider& provider, const Discovered& found, bool again) {
  const auto now = clock_.monotonic();
  {
    const std::scoped_lock lock(mutex_);
    const Discovered& known = discovered_[provider.id];
    if (known.keys &&
        (now - known.keys_since < kKeysAgainAfter || (!again && now - known.keys_since < kDiscoveredFor)))
      return *known.keys;
  }
  auto keys = ask_for(provider, found.keys_uri, {});
  if (!keys) return keys;
  const std::scoped_lock lock(mutex_);
  discovered_[provider.id].keys = *keys;
  discovered_[provider.id].keys_since = now;
  return keys;
}

Result<std::string> Providers::authorization_url(const Provider& provider, const Flow& flow,
                                                 const std::string& redirect_uri) {
  std::string url, scope;
  if (provider.issuer.empty()) {
    url = without_slash(config_.github_url) + "/login/oauth/authorize";
    scope = "read:user user:email";
  } else {
    auto found = discover(provider);
    if (!found) return found.error();
    url = found->authorization;
    scope = "openid email profile";
  }
  url += url.find('?') == std::string::npos ? "?" : "&";
  url += pair("response_type", "code") + "&" + pair("client_id", provider.client->client_id) + "&" +
         pair("redirect_uri", redirect_uri) + "&" + pair("scope", scope) + "&" + pair("state", flow.state) +
         "&" + pair("code_challenge", challenge_of(flow.verifier)) + "&" +
         pair("code_challenge_method", "S256");
  if (!provider.issuer.empty()) url += "&" + pair("nonce", flow.nonce);
  return url;
}

Result<Identity> Providers::identity(const Provider& provider, const Flow& flow, const std::string& code,
                                     const std::string& redirect_uri) {
  return provider.issuer.empty() ? of_github(provider, flow, code, redirect_uri)
                                 : of_openid(provider, flow, code, redirect_uri);
}

Result<Identity> Providers::of_openid(const Provider& provider, const Flow& flow, const std::string& code,
                                      const std::string& redirect_uri) {
  auto found = discover(provider);
  if (!found) return found.error();
  const std::string& id = provider.client->client_id;
  const Secret& secret = provider.client->client_secret;
  std::string form = pair("grant_type", "authorization_code") + "&" + pair("code", code) + "&" +
                     pair("redirect_uri", redirect_uri) + "&" + pair("code_verifier", flow.verifier);
  std::vector<std::string> headers = {"Content-Type: application/x-www-form-urlencoded"};
  if (!secret.empty() && found->basic) {  // RFC 6749, section 2.3.1: both are form-encoded first
    headers.push_back("Authorization: Basic " +
                      crypto::base64_encode(percent_encode(id) + ":" + percent_encode(secret.reveal())));
  } else {
    form += "&" + pair("client_id", id);
    if (!secret.empty()) form += "&" + pair("client_secret", secret.reveal());
  }
  auto answer = ask_for(provider, found->token, std::move(headers), form);
  if (!answer) return answer.error();
  const std::string token((*answer)["id_token"].text());
  const IdTokenExpectation expected{provider.issuer, id, flow.nonce, clock_.now()};
  auto keys = keys_of(provider, *found, false);
  if (!keys) return keys.error();
  auto claims = check_id_token(token, *keys, expected);
  if (!claims && claims.error().code == "key_unknown") {  // the provider has turned its keys
    keys = keys_of(provider, *found, true);
    if (!keys) return keys.error();
    claims = check_id_token(token, *keys, expected);
  }
  if (!claims) return claims.error();
  Identity identity{.provider = "oidc " + provider.issuer, .subject = std::string((*claims)["sub"].text())};
  identity.email = (*claims)["email"].text();
  identity.name = clipped((*claims)["name"].text(), 200);
  identity.email_verified =
      is_email(identity.email) && ((*claims)["email_verified"].boolean().value_or(false) ||
                                   (provider.id == "oidc" && config_.oidc_emails == "all"));
  identity.email = clipped(identity.email.empty() ? identity.subject : identity.email, 254);
  return identity;
}

Result<Identity> Providers::of_github(const Provider& provider, const Flow& flow, const std::string& code,
                                      const std::string& redirect_uri) {
  const std::string form = pair("client_id", provider.client->client_id) + "&" +
                           pair("client_secret", provider.client->client_secret.reveal()) + "&" +
                           pair("code", code) + "&" + pair("redirect_uri", redirect_uri) + "&" +
                           pair("code_verifier", flow.verifier);
  auto answer = ask_for(provider, without_slash(config_.github_url) + "/login/oauth/access_token",
                        {"Content-Type: application/x-www-form-urlencoded"}, form);
  if (!answer) return answer.error();
  const std::string token((*answer)["access_token"].text());
  if (token.empty() || token.find_first_of("\r\n") != std::string::npos)
    return poison("provider", "GitHub gave no token for the code");
  const std::vector<std::string> headers = {"Authorization: Bearer " + token,
                                            "X-GitHub-Api-Version: 2022-11-28"};
  auto user = ask_for(provider, without_slash(config_.github_api_url) + "/user", headers);
  if (!user) return user.error();
  auto emails = ask_for(provider, without_slash(config_.github_api_url) + "/user/emails", headers);
  if (!emails) return emails.error();
  const auto number = (*user)["id"].number();
  if (!number) return poison("provider", "GitHub did not say who it is");
  Identity identity{.provider = "github", .subject = std::to_string(static_cast<std::int64_t>(*number))};
  if (without_slash(config_.github_url) != "https://github.com")
    identity.provider += " " + config_.github_url;
  identity.name = clipped(((*user)["name"].text().empty() ? (*user)["login"] : (*user)["name"]).text(), 200);
  for (const JsonValue& email : emails->items()) {
    if (!email["primary"].boolean().value_or(false)) continue;
    identity.email = email["email"].text();
    identity.email_verified = email["verified"].boolean().value_or(false) && is_email(identity.email);
  }
  identity.email = clipped(identity.email.empty() ? (*user)["login"].text() : identity.email, 254);
  return identity;
}

}  // namespace plumbline::console
