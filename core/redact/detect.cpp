#include "core/redact/detect.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/redact/characters.h"

namespace plumbline::redact {

double entropy_bits(std::string_view text) {
  std::array<int, 256> counts{};
  for (const char c : text) ++counts[static_cast<unsigned char>(c)];
  double bits = 0;
  for (const int count : counts) {
    if (count == 0) continue;
    const double share = static_cast<double>(count) / static_cast<double>(text.size());
    bits -= share * std::log2(share);
  }
  return bits;
}

// A run of base64 characters that is long, mixes cases and digits and repeats few of them is a key of a kind
// that nobody listed. 32 random characters of 64 have about 4.6 bits each; identifiers and paths, which are
// made of words, stay below 4.2. Hexadecimal runs are digests and ids far more often than keys: those are
// left to assigned_secret and named_secret.
void detect_randomness(std::string_view text, std::vector<Hit>& hits) {
  constexpr std::size_t kLeast = 24;
  constexpr double kBitsLeast = 4.1, kBitsLeastOfPath = 4.5;
  if (text.size() < kLeast) return;
  for (std::size_t at = 0; at < text.size();) {
    if (!is_base64(text[at])) {
      ++at;
      continue;
    }
    const std::size_t end = run_of(text, at, is_base64);
    const std::string_view run = text.substr(at, end - at);
    if (run.size() >= kLeast) {
      const bool mixed = std::any_of(run.begin(), run.end(), is_upper) &&
                         std::any_of(run.begin(), run.end(), is_lower) &&
                         std::count_if(run.begin(), run.end(), is_digit) >= 2;
      const bool path = run.find('/') != run.npos || std::count(run.begin(), run.end(), '-') > 2;
      if (mixed && entropy_bits(run) >= (path ? kBitsLeastOfPath : kBitsLeast))
        hits.push_back({at, end, "high_entropy"});
    }
    at = end;
  }
}

void detect(std::string_view text, bool identifier, std::vector<Hit>& hits) {
  constexpr std::size_t kShortest = 6;  // nothing that is looked for is shorter
  hits.clear();
  if (text.size() < kShortest) return;
  detect_tokens(text, hits);
  const Census has(text);
  detect_structures(text, has, hits);
  detect_personal(text, has, hits);
  if (!identifier) detect_randomness(text, hits);
  if (hits.size() < 2) return;
  std::stable_sort(hits.begin(), hits.end(), [](const Hit& a, const Hit& b) { return a.begin < b.begin; });
  std::size_t kept = 0;
  for (std::size_t i = 1; i < hits.size(); ++i) {
    Hit& last = hits[kept];
    // Together they cover both: no part of either may stay. The first found names the kind.
    if (hits[i].begin < last.end) {
      last.end = std::max(last.end, hits[i].end);
    } else {
      hits[++kept] = hits[i];
    }
  }
  hits.resize(kept + 1);
}

}  // namespace plumbline::redact
