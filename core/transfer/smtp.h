// One mail to one address through the installation's relay (RFC 5321), bounded in time.
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/secret.h"

namespace plumbline::transfer {

enum class SmtpTls : std::uint8_t {
  kRequired,       // smtps://, or smtp:// with STARTTLS: no mail without it
  kOpportunistic,  // STARTTLS where the relay offers it
  kNone,
};

struct Relay {
  std::string url;  // smtp://host:port or smtps://host:port
  std::string user;
  Secret password;
  SmtpTls tls = SmtpTls::kRequired;
  std::string ca_file;  // PEM instead of the system's; "" for those
};

enum class MailFate : std::uint8_t {
  kAccepted,   // 250 after the data: the relay has it
  kTransient,  // certainly not taken; may be later (4xx, no connection, no TLS)
  kPermanent,  // certainly not taken and never will be: the recipient or the mail itself is refused (5xx)
  kUnknown,    // all data was sent and no answer came
};

struct MailResult {
  MailFate fate = MailFate::kTransient;
  int code = 0;                    // last SMTP reply; 0: none
  bool no_such_recipient = false;  // kPermanent because of RCPT: no mail to this address will be taken
  std::string error;               // one line
};

// Not thread-safe: one for each thread.
class SmtpClient {
 public:
  explicit SmtpClient(Relay relay);
  ~SmtpClient();
  SmtpClient(SmtpClient&&) noexcept;
  SmtpClient& operator=(SmtpClient&&) noexcept;
  // `from` and `to` are bare addresses without line ends or angle brackets; `mail` has CRLF line ends.
  [[nodiscard]] MailResult send(const std::string& from, const std::string& to, std::string_view mail,
                                std::chrono::steady_clock::time_point deadline);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace plumbline::transfer
