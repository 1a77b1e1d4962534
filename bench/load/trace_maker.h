// Makes signed requests the way a real client does: every body is new (fresh ids and times), every request is
// signed when it is sent. Nothing is precomputed but the shape of the padding.
#pragma once
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "core/crypto/hmac.h"
#include "core/secret.h"
#include "core/time.h"
#include "core/uuid.h"

namespace plumbline::load {

struct Signer {
  std::string key_id;
  Secret secret;  // whsec_...
};

struct Shape {
  int traces_per_request = 1;
  std::size_t trace_bytes = 1024;  // of one JSON line, newline excluded
  int sessions = 10;               // traces of a request take turns over these
  int agents = 1;                  // agents of the client; a request belongs to one of them
  bool zstd = false;
};

// Reproducible from its seed but for the ids' first half, which tells runs apart. Not thread-safe.
class TraceMaker {
 public:
  TraceMaker(Shape shape, std::uint64_t seed);

  // Fills `body` with NDJSON and `ids` with the ids in it, in order.
  void make(TimeUs now, std::string& body, std::vector<Uuid>& ids);

 private:
  Uuid next_id();

  Shape shape_;
  std::mt19937_64 random_;
  std::uint64_t run_ = 0;
  std::string padding_;
  std::vector<std::string> sessions_;
  std::uint64_t made_ = 0;
};

// The whole HTTP/1.1 request, headers and body. `body` is signed as it goes over the wire.
struct RequestHead {
  std::string_view key_id;
  std::string_view host;
  std::string_view path;
  std::string_view content_encoding;  // empty: identity
};
void write_request(const crypto::HmacKey& key, const RequestHead& head, TimeUs now, std::string_view body,
                   std::string& out);

}  // namespace plumbline::load
