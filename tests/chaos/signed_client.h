// Signed requests as bytes, for tests that bend them.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "bench/load/trace_maker.h"
#include "core/clock.h"
#include "core/crypto/webhooks.h"
#include "tests/support/stack/stack.h"

namespace plumbline::tests {

inline crypto::HmacKey key_of(const Tenant& tenant) {
  const Secret secret = *crypto::parse_signing_secret(tenant.signer.secret.reveal());
  return crypto::HmacKey(secret.reveal());
}

// One fresh trace a request, signed now.
inline std::string good_request(const Tenant& tenant, Uuid* its_id = nullptr) {
  static load::TraceMaker maker({}, 7);
  std::string body, request;
  std::vector<Uuid> ids;
  const TimeUs now = SystemClock().now();
  maker.make(now, body, ids);
  if (its_id != nullptr) *its_id = ids.front();
  load::write_request(key_of(tenant), {tenant.signer.key_id, "127.0.0.1", "/api/v1/traces", ""}, now, body,
                      request);
  return request;
}

// `body` signed over `signed_body` (the same, unless a test lies), with other header lines in front.
inline std::string signed_request(const Tenant& tenant, std::string_view body, std::string_view more_lines,
                                  const std::string& path = "/api/v1/traces", bool content_length = true) {
  const std::int64_t at = SystemClock().now().value / 1000000;
  static int next = 0;
  const std::string id = "msg_chaos" + std::to_string(++next);
  std::string text =
      "POST " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-ndjson\r\n";
  text += "plumbline-key: " + tenant.signer.key_id + "\r\nwebhook-id: " + id +
          "\r\nwebhook-timestamp: " + std::to_string(at) +
          "\r\nwebhook-signature: " + crypto::sign(key_of(tenant), id, at, body) + "\r\n";
  if (content_length) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  text += more_lines;
  text += "\r\n";
  return text.append(body);
}

}  // namespace plumbline::tests
