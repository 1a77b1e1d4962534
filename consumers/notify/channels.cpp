#include "consumers/notify/channels.h"

#include "core/transfer/address.h"
#include "sinks/email/email.h"
#include "sinks/slack/slack.h"
#include "sinks/webhook/webhook.h"

namespace plumbline::notify {
namespace {

transfer::Relay relay_of(const config::Smtp& smtp) {
  transfer::Relay relay;
  relay.url = smtp.url;
  relay.user = smtp.user;
  relay.password = smtp.password;
  relay.tls = smtp.tls == "none"            ? transfer::SmtpTls::kNone
              : smtp.tls == "opportunistic" ? transfer::SmtpTls::kOpportunistic
                                            : transfer::SmtpTls::kRequired;
  relay.ca_file = smtp.ca_file;
  return relay;
}

}  // namespace

ChannelFactory configured_channels(const config::Notify& options, const Clock& clock) {
  return [options, &clock](channel::Kind kind) -> std::unique_ptr<channel::Channel> {
    const auto guard = transfer::Guard::of(options.allow_hosts, options.allow_cidrs);
    switch (kind) {
      case channel::Kind::kSlackWebhook:
      case channel::Kind::kSlackApp:
        return std::make_unique<slack::SlackChannel>(options.slack_api_url, guard);
      case channel::Kind::kEmail:
        if (options.smtp.url.empty()) return nullptr;
        return std::make_unique<email::EmailChannel>(relay_of(options.smtp), options.smtp.from, clock);
      case channel::Kind::kWebhook:
        return std::make_unique<webhook::WebhookChannel>(guard, clock);
    }
    return nullptr;
  };
}

}  // namespace plumbline::notify
