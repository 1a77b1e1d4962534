#include "consumers/notify/compose.h"

#include <algorithm>

namespace plumbline::notify {
namespace {

channel::Content content_of(std::string_view word) {
  if (word == "digest") return channel::Content::kDigest;
  if (word == "test") return channel::Content::kTest;
  return word == "notice" ? channel::Content::kNotice : channel::Content::kEvent;
}

Result<channel::Destination> destination_of(const postgres::NotifyRoute& route,
                                            const crypto::Sealer* sealer) {
  channel::Destination to;
  to.kind = channel::parse_kind(route.kind).value_or(channel::Kind::kWebhook);
  to.address = route.address;
  if (route.sealed_secret.empty()) return to;
  if (sealer == nullptr) {
    return fatal("master_key",
                 "this process has no master key: set keys.master_key_file, which sealed the "
                 "route's secrets");
  }
  auto secrets = postgres::open_route_secrets(*sealer, route);
  if (!secrets) return secrets.error();
  to.secrets = std::move(*secrets);
  return to;
}

}  // namespace

Result<channel::Message> compose(const Envelope& envelope, EventDecoder& decoder,
                                 const crypto::Sealer* sealer, const UnsubscribeTokens& tokens) {
  const postgres::Candidate& candidate = *envelope.candidate;
  const postgres::NotifyRoute& route = *candidate.route;
  const postgres::Delivery& first = candidate.delivery;
  channel::Message message;
  message.content = content_of(first.content);
  message.delivery = envelope.message;
  message.attempt = 1;
  message.tenant = first.tenant;
  message.tenant_name = candidate.tenant_name;
  message.route = route.id;
  message.route_name = route.name;
  auto to = destination_of(route, sealer);
  if (!to) return to.error();
  message.to = std::move(*to);
  for (const postgres::Delivery& part : *envelope.parts) {
    message.resend |= part.resend;
    message.attempt = std::max(message.attempt, static_cast<std::int32_t>(part.attempts + 1));
    if (!part.event || message.events.size() >= kDigestEventsMax) continue;
    auto event = decoder.decode(part.event_body);
    if (!event) return event.error();
    message.events.push_back(std::move(*event));
  }
  message.events_total = static_cast<std::int64_t>(envelope.parts->size());
  if (message.content == channel::Content::kDigest) message.digest_period = route.digest;
  if (!first.event) {
    message.events_total = 0;
    message.notice = channel::Notice{first.notice_title, first.notice_text};
  }
  message.thread = first.thread;
  message.first_ref = candidate.first_ref;
  message.previous_ref = candidate.last_ref;
  if (message.to.kind == channel::Kind::kEmail && !envelope.public_url.empty() && tokens.usable()) {
    message.unsubscribe_url =
        envelope.public_url + "/unsubscribe/" + tokens.make(first.tenant, route.id, route.address);
  }
  return message;
}

}  // namespace plumbline::notify
