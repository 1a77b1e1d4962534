#include "apps/plumb/edge_answer.h"

#include "core/clock.h"
#include "core/compress/compress.h"
#include "producers/push/edge_clock.h"
#include "producers/push/push.h"
#include "producers/push/reply.h"
#include "producers/push/signed_request.h"

namespace plumbline::client {

// An empty signed body: the edge looks at the signature first, so its 400 says that key and clock are right.
EdgeAnswer ask_edge(const push::Credentials& credentials) {
  const auto key = push::signing_key(credentials.secret);
  if (!key) return {EdgeAnswer::kFailed, "the signing secret: " + key.error().message};
  const auto body = compress::compress(compress::Encoding::kGzip, "");
  if (!body) return {EdgeAnswer::kFailed, body.error().message};
  const auto transport = push::curl_transport(credentials.ca_file);
  const push::Response response =
      transport->post(push::signed_request(credentials, *key, false, compress::Encoding::kGzip,
                                           push::random_message_id(), *body, SystemClock().now()));
  const std::string who = "edge " + credentials.endpoint + ": ";
  const std::string said =
      "HTTP " + std::to_string(response.status) + " " + push::parse_reply(response.body).detail;
  if (response.status == 0) return {EdgeAnswer::kFailed, who + response.error};
  if (response.status == 400 || response.status == 422 || response.status == 202)
    return {EdgeAnswer::kTaken,
            who + "reached, key " + credentials.key_id + " and this machine's clock are taken"};
  push::EdgeClock edge_clock;
  if (edge_clock.learn(response, SystemClock().now()))
    return {EdgeAnswer::kFailed, who + push::clock_words(edge_clock.local_ahead_s()) +
                                     "; set this machine's clock: requests are signed by the edge's, but "
                                     "events keep this one's times"};
  if (response.status == 401)
    return {EdgeAnswer::kRefused,
            who + said + "; check key_id and secret, and that this machine's clock is right within 300 s"};
  if (push::is_retryable(response.status))
    return {EdgeAnswer::kLater, who + said + "; it asks to come again later"};
  return {EdgeAnswer::kFailed, who + said + "; is the endpoint the edge's own address?"};
}

}  // namespace plumbline::client
