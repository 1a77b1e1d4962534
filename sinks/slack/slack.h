// Slack: incoming webhooks, and apps with chat.postMessage and chat.update, so that one message is edited
// through to resolved. Block Kit within its documented limits (docs.slack.dev: 50 blocks, 150 characters of a
// header, 3,000 of a text object, 10 fields of 2,000); what is longer is cut, visibly.
#pragma once
#include <memory>
#include <string>

#include "core/transfer/http.h"
#include "sinks/channel/channel.h"

namespace plumbline::slack {

// Serves kSlackWebhook and kSlackApp. `api_url` is the installation's own choice, so the guard does not look
// at it; incoming webhooks' URLs are the tenants', and it does.
class SlackChannel final : public channel::Channel {
 public:
  SlackChannel(std::string api_url, transfer::Guard guard)
      : api_url_(std::move(api_url)), client_(std::move(guard)) {}
  [[nodiscard]] channel::Outcome send(const channel::Message& message,
                                      std::chrono::steady_clock::time_point deadline) override;

 private:
  channel::Outcome send_app(const channel::Message& message, std::chrono::steady_clock::time_point deadline);
  channel::Outcome send_webhook(const channel::Message& message,
                                std::chrono::steady_clock::time_point deadline);
  channel::Outcome call(const char* method, const channel::Message& message, const std::string& body,
                        std::chrono::steady_clock::time_point deadline);

  std::string api_url_;
  transfer::HttpClient client_;
};

// The members `text` and `blocks` of a message, as JSON without braces.
[[nodiscard]] std::string message_members(const channel::Message& message);
// `&`, `<` and `>` as entities: nothing of a text becomes a mention or a link.
[[nodiscard]] std::string escape(std::string_view text);

}  // namespace plumbline::slack
