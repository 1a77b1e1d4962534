#include "consumers/drift/matchers.h"

#include <algorithm>

namespace plumbline::drift {
namespace {

bool upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool lower(char c) {
  return c >= 'a' && c <= 'z';
}
char fold(char c) {
  return upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
}
bool same(char a, char b) {
  return fold(a) == fold(b);
}

bool starts_with(std::string_view text, std::string_view beginning) {
  return text.size() >= beginning.size() &&
         std::equal(beginning.begin(), beginning.end(), text.begin(), same);
}

bool matches_id(std::string_view id, std::string_view pattern) {
  if (pattern.ends_with('*')) return starts_with(id, pattern.substr(0, pattern.size() - 1));
  return id.size() == pattern.size() && starts_with(id, pattern);
}

// A word begins behind what is no ASCII letter or digit, and where lower case turns to upper.
bool begins_word(std::string_view text, std::size_t at) {
  if (at == 0) return true;
  const char before = text[at - 1];
  if (!upper(before) && !lower(before)) return true;
  return lower(before) && upper(text[at]);
}

bool has_word(std::string_view text, std::string_view word) {
  if (word.empty() || text.size() < word.size()) return false;
  const char first = fold(word.front());
  for (std::size_t at = 0; at + word.size() <= text.size(); ++at) {
    if (fold(text[at]) == first && begins_word(text, at) && starts_with(text.substr(at), word)) return true;
  }
  return false;
}

}  // namespace

bool Matchers::match(std::string_view id, std::string_view title, std::string_view category) const {
  for (const std::string& pattern : ids) {
    if (matches_id(id, pattern)) return true;
  }
  for (const std::string& word : words) {
    if (has_word(id, word) || has_word(title, word) || has_word(category, word)) return true;
  }
  return false;
}

}  // namespace plumbline::drift
