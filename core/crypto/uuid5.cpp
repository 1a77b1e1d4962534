#include "core/crypto/uuid5.h"

#define OPENSSL_SUPPRESS_DEPRECATED
#include <algorithm>
#include <array>
#include <string>

#include <openssl/sha.h>

#include "core/crypto/sha256.h"

namespace plumbline::crypto {

Uuid uuid5(const Uuid& name_space, std::string_view name) {
  std::array<std::uint8_t, SHA_DIGEST_LENGTH> digest;
  SHA_CTX hash;
  SHA1_Init(&hash);
  SHA1_Update(&hash, name_space.bytes.data(), name_space.bytes.size());
  SHA1_Update(&hash, name.data(), name.size());
  SHA1_Final(digest.data(), &hash);
  Uuid id;
  std::copy_n(digest.begin(), id.bytes.size(), id.bytes.begin());
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0f) | 0x50);
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3f) | 0x80);
  return id;
}

EventId decision_id(std::string_view agent, std::string_view entry_hash) {
  static const Uuid name_space = uuid5(kUrlNamespace, kDecisionNamespaceUrl);
  std::string name;
  name.reserve(agent.size() + 1 + entry_hash.size());
  name.append(agent).append("\n").append(entry_hash);
  return {uuid5(name_space, name)};
}

EventId report_id(std::string_view repo, std::string_view commit, TimeUs time, std::string_view body) {
  static const Uuid name_space = uuid5(kUrlNamespace, kReportNamespaceUrl);
  std::string name;
  name.append(repo).append("\n").append(commit).append("\n").append(format_rfc3339(time)).append("\n");
  name.append(to_hex(sha256(body)));
  return {uuid5(name_space, name)};
}

EventId span_id(std::string_view agent, std::string_view trace_id, std::string_view span_id) {
  static const Uuid name_space = uuid5(kUrlNamespace, kSpanNamespaceUrl);
  std::string name;
  name.reserve(agent.size() + trace_id.size() + span_id.size() + 2);
  name.append(agent).append("\n").append(trace_id).append("\n").append(span_id);
  return {uuid5(name_space, name)};
}

}  // namespace plumbline::crypto
