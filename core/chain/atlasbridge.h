// The hash chain of AtlasBridge's decision traces (PyPI atlasbridge 1.10.0, core/autopilot/trace.py). An
// entry's hash is SHA-256 over prev_hash, idempotency_key, action_type and the entry without `hash` as
// Python's canonical JSON; prev_hash is the hash of the entry before it in the file, "" in the first.
// Thread-safe.
#pragma once
#include <string>
#include <string_view>

#include "core/result.h"

namespace plumbline::chain {

struct EntryCheck {
  // `hash` and `prev_hash` are both there, as text. Entries of older versions have neither.
  bool linked = false;
  bool has_hash = false;
  bool has_prev_hash = false;
  std::string hash;       // "" when absent
  std::string prev_hash;  // "" when absent, and at the start of a chain
  // What the hash covers is all there: it is linked, and action_value and explanation were not dropped.
  bool complete = false;
  // Meaningful when complete (also computed otherwise): the content has this hash.
  bool hash_matches = false;
};

// `entry` is one JSON object: a line of AtlasBridge's file, or `data` of a decision event. Poison
// "invalid_json" as of codec::PythonObject::parse.
[[nodiscard]] Result<EntryCheck> check_entry(std::string_view entry);

}  // namespace plumbline::chain
