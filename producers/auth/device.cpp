// A browser anywhere signs in, and lets a code in that this machine shows (RFC 8628).
#include <algorithm>

#include "producers/auth/login.h"

namespace plumbline::auth {
namespace {

using std::chrono::seconds;

constexpr seconds kIntervalDefault{5};  // RFC 8628, section 3.2
constexpr seconds kSlower{5};           // section 3.5

seconds seconds_of(const codec::JsonValue& value, seconds otherwise) {
  const auto number = value.number();
  if (!number || *number < 1 || *number > 86400) return otherwise;
  return seconds(static_cast<std::int64_t>(*number));
}

}  // namespace

Result<Secret> sign_in_by_device(Console& console, const SignIn& how, const Person& person) {
  const auto begun = console.post_form("/auth/device/code", {{"client_id", "plumb"}});
  if (!begun) return begun.error();
  const std::string device{begun->body["device_code"].text()};
  if (!begun->ok() || device.empty()) return console.refused("sign-in", *begun);
  person.tell("In any browser, open\n\n    " + std::string(begun->body["verification_uri"].text()) +
              "\n\nand let this code in:  " + std::string(begun->body["user_code"].text()) + "\n");
  seconds interval = seconds_of(begun->body["interval"], kIntervalDefault);
  const std::chrono::milliseconds life =
      std::min<std::chrono::milliseconds>(how.patience, seconds_of(begun->body["expires_in"], seconds(600)));
  for (std::chrono::milliseconds waited{0}; waited < life; waited += interval) {
    person.wait(interval);
    const auto said = console.post_form("/auth/device/token",
                                        {{"grant_type", "urn:ietf:params:oauth:grant-type:device_code"},
                                         {"client_id", "plumb"},
                                         {"device_code", device}});
    // No answer is no verdict: the code lives on.
    if (!said || said->status >= 500 || said->status == 429 || said->oauth_error() == "slow_down") {
      interval += kSlower;
      continue;
    }
    if (said->oauth_error() == "authorization_pending") continue;
    if (said->oauth_error() == "access_denied")
      return poison("denied", "the code was refused in the browser");
    if (said->oauth_error() == "expired_token") break;
    if (!said->ok() || said->body["access_token"].text().empty()) return console.refused("sign-in", *said);
    return Secret(std::string(said->body["access_token"].text()));
  }
  return retryable("timeout", "nobody let the code in while it was valid; try again");
}

}  // namespace plumbline::auth
