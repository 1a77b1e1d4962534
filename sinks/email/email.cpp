#include "sinks/email/email.h"

namespace plumbline::email {

channel::Outcome EmailChannel::send(const channel::Message& message,
                                    std::chrono::steady_clock::time_point deadline) {
  const auto from = parse_mailbox(from_);
  if (!from) return channel::Retry{"smtp.from is no mail address: correct it, the mail waits"};
  const auto to = parse_mailbox(message.to.address);
  if (!to || !to->name.empty()) return channel::Rejected{"the route's address is no mail address", true};
  const auto result =
      client_.send(from->address, to->address, compose(message, *from, clock_.now()), deadline);
  switch (result.fate) {
    case transfer::MailFate::kAccepted:
      return channel::Delivered{message_id(message, *from)};
    case transfer::MailFate::kTransient:
      return channel::Retry{result.error};
    case transfer::MailFate::kPermanent:
      return channel::Rejected{result.error, result.no_such_recipient};
    case transfer::MailFate::kUnknown:
      break;
  }
  return channel::Unknown{result.error};
}

}  // namespace plumbline::email
