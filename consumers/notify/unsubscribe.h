// Ending a mail subscription (RFC 8058, RFC 2369): the signed links in mails, and the pages behind them.
//
//   GET  <public_url>/unsubscribe/<token>   a page with a button; changes nothing (link scanners follow
//   links) POST <public_url>/unsubscribe/<token>   List-Unsubscribe=One-Click from the mail program, or the
//   button
//
// A token names tenant and route and holds an HMAC-SHA256 over both and the address, under a key made from
// the master key; the address itself is not in it. A master key that was replaced goes on verifying as long
// as it stands in keys.master_key_file.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/crypto/hmac.h"
#include "core/ids.h"
#include "core/pg/connection.h"
#include "core/result.h"
#include "core/secret.h"
#include "core/uuid.h"

namespace plumbline::notify {

// Thread-safe.
class UnsubscribeTokens {
 public:
  // `master_keys` as keys.master_key_file holds them, newest first. Empty: links() is empty, nothing
  // verifies.
  explicit UnsubscribeTokens(const Secret& master_keys);

  [[nodiscard]] bool usable() const { return !keys_.empty(); }
  // Precondition: usable().
  [[nodiscard]] std::string make(TenantId tenant, const Uuid& route, std::string_view address) const;
  struct Claim {
    TenantId tenant;
    Uuid route;
  };
  // Whom a token is about, unproven; nullopt: it is none.
  [[nodiscard]] static std::optional<Claim> read(std::string_view token);
  [[nodiscard]] bool verify(std::string_view token, std::string_view address) const;

 private:
  std::vector<crypto::HmacKey> keys_;
};

struct UnsubscribeOptions {
  std::string listen;
  pg::ConnectOptions postgres;
};

// Serves the pages on a thread of its own. start and stop from one thread. `clock` and `tokens` outlive it.
class UnsubscribeServer {
 public:
  UnsubscribeServer(UnsubscribeOptions options, const UnsubscribeTokens& tokens, const Clock& clock);
  ~UnsubscribeServer();
  UnsubscribeServer(const UnsubscribeServer&) = delete;
  UnsubscribeServer& operator=(const UnsubscribeServer&) = delete;

  Status start();
  void stop();
  [[nodiscard]] int port() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace plumbline::notify
