// A message from the rows of its deliveries. Pure but for the secrets it opens.
#pragma once
#include <string>
#include <vector>

#include "consumers/notify/decode.h"
#include "consumers/notify/unsubscribe.h"
#include "core/crypto/seal.h"
#include "core/result.h"
#include "sinks/channel/channel.h"
#include "sinks/postgres/notify_queue.h"

namespace plumbline::notify {

// Events that a digest lists; of more it tells the number.
inline constexpr std::size_t kDigestEventsMax = 50;

// What the parts of a message have in common.
struct Envelope {
  const postgres::Candidate* candidate = nullptr;  // its route is there
  const std::vector<postgres::Delivery>* parts = nullptr;
  Uuid message;
  std::string public_url;  // empty: mails get no unsubscribe link
};

// Fatal "master_key" or poison "sealed" when the route's secrets don't open; poison of EventDecoder.
Result<channel::Message> compose(const Envelope& envelope, EventDecoder& decoder,
                                 const crypto::Sealer* sealer, const UnsubscribeTokens& tokens);

}  // namespace plumbline::notify
