// Outgoing Standard Webhooks 1.0: the tenant's own receiver gets the events as JSON
// (schemas/http/webhook.v1.json), signed with every secret of the route, so that a rotation loses nothing.
// webhook-id is the same in every attempt: a receiver tells a repetition by it.
#pragma once
#include "core/clock.h"
#include "core/transfer/http.h"
#include "sinks/channel/channel.h"

namespace plumbline::webhook {

class WebhookChannel final : public channel::Channel {
 public:
  WebhookChannel(transfer::Guard guard, const Clock& clock) : client_(std::move(guard)), clock_(clock) {}
  // 2xx delivered; 410 gone; 429 and 503 later, as Retry-After says; other 4xx and 3xx later too (a receiver
  // being fixed); other 5xx and a cut answer unknown.
  [[nodiscard]] channel::Outcome send(const channel::Message& message,
                                      std::chrono::steady_clock::time_point deadline) override;

 private:
  transfer::HttpClient client_;
  const Clock& clock_;
};

[[nodiscard]] std::string body_of(const channel::Message& message);

}  // namespace plumbline::webhook
