#include "producers/auth/login.h"

#include <utility>

#include "producers/auth/keys.h"

namespace plumbline::auth {
namespace {

// Ends the session whatever became of it: a token that was lost on the way opens nothing then.
class Session {
 public:
  Session(Console& console, Secret token) : console_(console), token_(std::move(token)) {}
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() {
    (void)console_.post("/auth/sign-out", token_, "{}").ok();  // else it ends by itself
  }
  [[nodiscard]] const Secret& token() const { return token_; }

 private:
  Console& console_;
  Secret token_;
};

Result<Made> make(Console& console, const Secret& token, const Wanted& wanted) {
  const auto member = choose_membership(console, token, wanted.tenant);
  if (!member) return member.error();
  std::string endpoint = wanted.endpoint;
  if (endpoint.empty()) {
    auto told = edge_of(console, token, member->slug);
    if (!told) return told.error();
    endpoint = std::move(*told);
  }
  if (endpoint.empty() && wanted.before.console == console.address()) endpoint = wanted.before.endpoint;
  if (endpoint.empty())
    return poison("endpoint",
                  "the console at " + console.address() +
                      " does not say where its edge is (console.edge_url): name it by --endpoint");
  auto key = obtain_key(console, token, member->slug, wanted.before);
  if (!key) return key.error();
  Made made{{.name = wanted.before.name,
             .endpoint = std::move(endpoint),
             .key_id = key->id,
             .secret = std::move(key->secret),
             .ca_file = wanted.before.ca_file,
             .console = console.address(),
             .tenant = member->slug},
            member->email,
            member->role,
            key->rotated};
  if (Status kept = wanted.keep(made.profile); !kept) {
    const auto undone = disable_key(console, token, member->slug, key->id);
    Error error = kept.error();
    error.message += undone ? "; the new key " + key->id + " is disabled again"
                            : "; the new key " + key->id + " could not be disabled: do so in the console";
    return error;
  }
  return made;
}

}  // namespace

Result<Secret> sign_in(Console& console, const SignIn& how, const Person& person) {
  return how.device ? sign_in_by_device(console, how, person) : sign_in_by_redirect(console, how, person);
}

Result<Made> login(Console& console, const SignIn& how, const Person& person, const Wanted& wanted) {
  auto token = sign_in(console, how, person);
  if (!token) return token.error();
  const Session session(console, std::move(*token));
  return make(console, session.token(), wanted);
}

Result<bool> revoke(Console& console, const SignIn& how, const Person& person, const push::Profile& profile) {
  auto token = sign_in(console, how, person);
  if (!token) return token.error();
  const Session session(console, std::move(*token));
  return disable_key(console, session.token(), profile.tenant, profile.key_id);
}

}  // namespace plumbline::auth
