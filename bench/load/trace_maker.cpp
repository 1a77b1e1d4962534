#include "bench/load/trace_maker.h"

#include <cstring>

#include <fmt/format.h>

#include "core/crypto/webhooks.h"

namespace plumbline::load {
namespace {

constexpr std::string_view kActions[] = {"auto_reply", "require_human", "deny", "notify_only"};
constexpr std::string_view kWords =
    "the rule matched because the prompt asked for a confirmation and the branch is protected ";

}  // namespace

TraceMaker::TraceMaker(Shape shape, std::uint64_t seed) : shape_(shape), random_(seed) {
  const Uuid run = Uuid::random();
  std::memcpy(&run_, run.bytes.data(), sizeof run_);
  while (padding_.size() < shape_.trace_bytes) padding_ += kWords;
  for (int i = 0; i < shape_.sessions * shape_.agents; ++i) sessions_.push_back(next_id().to_string());
}

Uuid TraceMaker::next_id() {
  Uuid id;
  // Random over the whole width, as version 4 is: an index of the ids is hit all over. `run_` keeps two runs
  // of one seed apart.
  const std::uint64_t high = random_() ^ run_, low = random_();
  std::memcpy(id.bytes.data(), &high, 8);
  std::memcpy(id.bytes.data() + 8, &low, 8);
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0f) | 0x40);
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3f) | 0x80);
  return id;
}

void TraceMaker::make(TimeUs now, std::string& body, std::vector<Uuid>& ids) {
  body.clear();
  ids.clear();
  const std::size_t agent = random_() % static_cast<std::uint64_t>(shape_.agents);
  for (int i = 0; i < shape_.traces_per_request; ++i) {
    const Uuid id = next_id();
    ids.push_back(id);
    const std::uint64_t luck = random_();
    const std::string& session = sessions_[agent * static_cast<std::size_t>(shape_.sessions) +
                                           static_cast<std::size_t>(i % shape_.sessions)];
    const std::string time = format_rfc3339({now.value + i});
    const std::size_t start = body.size();
    fmt::format_to(
        std::back_inserter(body),
        R"({{"id":"{}","kind":"decision","time":"{}","agent":"agent-{}","session":"{}","data":{{"timestamp":"{}","idempotency_key":"{:016x}","prompt_id":"{}","session_id":"{}","policy_hash":"{:016x}","matched_rule_id":"rule-{}","action_type":"{}","confidence":"high","prompt_type":"yes_no","autonomy_mode":"full","risk_score":{},"risk_category":"medium","risk_factors":[],"explanation":")",
        id.to_string(), time, agent, session, time, luck, id.to_string(), session, luck % 7, luck % 23,
        kActions[luck % 4], luck % 101);
    const std::size_t used = body.size() - start + 3;
    if (used < shape_.trace_bytes) body.append(padding_, 0, shape_.trace_bytes - used);
    body += "\"}}\n";
    ++made_;
  }
}

void write_request(const crypto::HmacKey& key, const RequestHead& head, TimeUs now, std::string_view body,
                   std::string& out) {
  const std::string id = "msg_" + Uuid::random().to_string();
  const std::int64_t seconds = now.value / 1000000;
  out.clear();
  fmt::format_to(std::back_inserter(out),
                 "POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/x-ndjson\r\nContent-Length: "
                 "{}\r\nplumbline-key: {}\r\n"
                 "webhook-id: {}\r\nwebhook-timestamp: {}\r\nwebhook-signature: {}\r\n",
                 head.path, head.host, body.size(), head.key_id, id, seconds,
                 crypto::sign(key, id, seconds, body));
  if (!head.content_encoding.empty())
    fmt::format_to(std::back_inserter(out), "Content-Encoding: {}\r\n", head.content_encoding);
  out += "\r\n";
  out += body;
}

}  // namespace plumbline::load
