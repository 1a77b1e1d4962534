// Mail through the installation's relay: text and HTML, a stable Message-ID, threads by incident (RFC 5322),
// one-click unsubscribe (RFC 8058), marked as made by a machine (RFC 3834).
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/transfer/smtp.h"
#include "sinks/channel/channel.h"

namespace plumbline::email {

class EmailChannel final : public channel::Channel {
 public:
  // `from`: "Name <address>" or an address.
  EmailChannel(transfer::Relay relay, std::string from, const Clock& clock)
      : client_(std::move(relay)), from_(std::move(from)), clock_(clock) {}
  [[nodiscard]] channel::Outcome send(const channel::Message& message,
                                      std::chrono::steady_clock::time_point deadline) override;

 private:
  transfer::SmtpClient client_;
  std::string from_;
  const Clock& clock_;
};

struct Mailbox {
  std::string name;     // may be empty
  std::string address;  // local@domain
};
// nullopt: no address in it, or one that could break out of a header or a command.
[[nodiscard]] std::optional<Mailbox> parse_mailbox(std::string_view text);

// The same in every attempt: <delivery@domain of the sender>.
[[nodiscard]] std::string message_id(const channel::Message& message, const Mailbox& from);
// The whole mail with CRLF line ends. Pure.
[[nodiscard]] std::string compose(const channel::Message& message, const Mailbox& from, TimeUs now);
// RFC 2047: as it is where it is plain ASCII, else encoded words of at most 75 characters, folded.
[[nodiscard]] std::string encoded_header(std::string_view text);

}  // namespace plumbline::email
