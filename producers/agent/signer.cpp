#include "producers/agent/signer.h"

#include <utility>

#include <sys/stat.h>

namespace plumbline::agent {

Signer::Signer(push::Credentials credentials, push::SigningKey key, KeySource source)
    : credentials_(std::move(credentials)), key_(std::move(key)), source_(std::move(source)), seen_(look()) {}

std::vector<Signer::Facts> Signer::look() const {
  constexpr std::int64_t kNs = 1'000'000'000;
  std::vector<Facts> facts;
  for (const std::filesystem::path& file : source_.files) {
    struct stat found {};
    facts.emplace_back();
    if (file.empty() || ::stat(file.c_str(), &found) != 0) continue;
    facts.back() = {found.st_ino, found.st_size, found.st_mtim.tv_sec * kNs + found.st_mtim.tv_nsec};
  }
  return facts;
}

void Signer::refresh() {
  if (!source_.find) return;
  // Looked at before they are read: what changes meanwhile is seen the next time.
  std::vector<Facts> now = look();
  if (now == seen_) return;
  auto found = source_.find();
  auto key = found ? push::signing_key(found->secret) : Result<push::SigningKey>(found.error());
  // Half written, maybe: it is read again before the next request.
  if (!key) {
    error_ = key.error().message + "; the key before it stays in use";
    return;
  }
  seen_ = std::move(now);
  credentials_ = std::move(*found);
  key_ = std::move(*key);
  error_.clear();
}

}  // namespace plumbline::agent
