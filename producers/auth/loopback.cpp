// The browser of this machine signs in, and comes back to a loopback address with a code (RFC 8252).
#include "producers/auth/callback.h"
#include "producers/auth/login.h"
#include "producers/auth/proof.h"

namespace plumbline::auth {

Result<Secret> sign_in_by_redirect(Console& console, const SignIn& how, const Person& person) {
  auto callback = Callback::open();
  if (!callback) return callback.error();
  const std::string verifier = random_word(), state = random_word();
  const std::string address = console.address() +
                              "/auth/authorize?response_type=code&client_id=plumb&redirect_uri=" +
                              url_encode(callback->redirect_uri()) + "&state=" + state +
                              "&code_challenge=" + challenge_of(verifier) + "&code_challenge_method=S256";
  person.tell("Sign in in the browser of this machine, at\n\n    " + address +
              "\n\nNo browser here? End this and use --device.");
  person.open(address);
  auto code = callback->wait(state, how.patience);
  if (!code) return code.error();
  auto said = console.post_form("/auth/token", {{"grant_type", "authorization_code"},
                                                {"client_id", "plumb"},
                                                {"code", std::move(*code)},
                                                {"redirect_uri", callback->redirect_uri()},
                                                {"code_verifier", verifier}});
  if (!said) return said.error();
  if (!said->ok() || said->body["access_token"].text().empty()) return console.refused("sign-in", *said);
  return Secret(std::string(said->body["access_token"].text()));
}

}  // namespace plumbline::auth
