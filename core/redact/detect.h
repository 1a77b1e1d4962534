// Finds secrets and personal data in text by their well-known formats. Pure; thread-safe. docs/redaction.md
// lists the kinds and where each format is written down.
#pragma once
#include <cstddef>
#include <string_view>
#include <vector>

namespace plumbline::redact {

struct Hit {
  std::size_t begin = 0;  // bytes of the text
  std::size_t end = 0;
  std::string_view kind;  // static storage: "github_token", "email", ...
};

// Every kind there is, for a configuration that turns some off.
[[nodiscard]] const std::vector<std::string_view>& detector_kinds();

// In order and disjoint; of overlapping ones the earlier, then the longer. `identifier`: the text is an id or
// a digest by its member's name, which the fallback on randomness ("high_entropy") would take for a key.
void detect(std::string_view text, bool identifier, std::vector<Hit>& hits);

// Whether a member's name says that its value is a secret, whatever it looks like (password, api_key, ...).
[[nodiscard]] bool names_secret(std::string_view member);
// Whether a member's name says that its value is an id or a digest.
[[nodiscard]] bool names_identifier(std::string_view member);

// Bits a character, by the frequencies of the text's own bytes (Shannon, 1948).
[[nodiscard]] double entropy_bits(std::string_view text);

// The parts of detect, each appending to `hits` in any order.
void detect_tokens(std::string_view text, std::vector<Hit>& hits);  // by their prefix
struct Census;                                                      // of the text: characters.h
void detect_structures(std::string_view text, const Census& has,
                       std::vector<Hit>& hits);  // keys, URLs, headers, assignments
void detect_personal(std::string_view text, const Census& has, std::vector<Hit>& hits);
void detect_randomness(std::string_view text, std::vector<Hit>& hits);

}  // namespace plumbline::redact
