#include "core/chain/atlasbridge.h"

#include <optional>

#include "core/codec/python_canonical.h"
#include "core/crypto/sha256.h"

namespace plumbline::chain {
namespace {

// Python's f"{entry.get(name, '')}".
std::optional<std::string> formatted(const codec::PythonObject& entry, std::string_view name) {
  const codec::PythonMember* member = entry.find(name);
  return member == nullptr ? std::string() : member->str();
}

bool read_text(const codec::PythonObject& entry, std::string_view name, std::string& out) {
  const codec::PythonMember* member = entry.find(name);
  if (member == nullptr || member->kind != codec::PythonMember::Kind::kString) return false;
  out = member->text;
  return true;
}

bool matches(const codec::PythonObject& entry, const EntryCheck& check) {
  const auto idempotency_key = formatted(entry, "idempotency_key");
  const auto action_type = formatted(entry, "action_type");
  if (!idempotency_key || !action_type) return false;  // nobody writes an object or an array there
  crypto::Sha256 hash;
  hash.update(check.prev_hash);
  hash.update(*idempotency_key);
  hash.update(*action_type);
  hash.update(entry.canonical_without("hash"));
  return crypto::to_hex(hash.finish()) == check.hash;
}

}  // namespace

Result<EntryCheck> check_entry(std::string_view entry) {
  auto object = codec::PythonObject::parse(entry);
  if (!object) return object.error();
  EntryCheck check;
  check.has_hash = object->find("hash") != nullptr;
  check.has_prev_hash = object->find("prev_hash") != nullptr;
  const bool hash_is_text = read_text(*object, "hash", check.hash);
  const bool prev_hash_is_text = read_text(*object, "prev_hash", check.prev_hash);
  check.linked = hash_is_text && prev_hash_is_text;
  check.complete =
      check.linked && object->find("action_value") != nullptr && object->find("explanation") != nullptr;
  check.hash_matches = check.linked && matches(*object, check);
  return check;
}

}  // namespace plumbline::chain
