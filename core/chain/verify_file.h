// Verdict over one file of AtlasBridge's trace, line after line: the rules of the package's verify_integrity,
// and stricter where docs/verify.md says so. Not thread-safe: one Verifier for each file.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/chain/atlasbridge.h"

namespace plumbline::chain {

enum class Finding : std::uint8_t {
  kNotJson,         // a line that is no JSON object of the accepted profile
  kContentChanged,  // an entry's content does not have its hash
  kGap,             // prev_hash is not the hash of the entry before: something was removed, moved or added
  kHeadMissing,     // the file's first entry names a predecessor
  kRestart,         // an entry in the middle starts a chain anew
  kUnlinked,        // an entry without hash or prev_hash where the chain has begun, or with one of the two
  kTailMissing,     // fewer entries than an earlier push of this file recorded
  kRewritten,       // as many entries as recorded, but another hash at that place
};
[[nodiscard]] std::string_view to_word(Finding finding);

struct Problem {
  std::int64_t line = 0;  // from 1, as an editor counts (LF, CR or CRLF); 0: the file as a whole
  Finding finding = Finding::kNotJson;
  std::string detail;
};

// What an earlier push of the same file saw. Another first hash means another chain: the agent rotated its
// file, and nothing is compared.
struct Recorded {
  std::string first_hash;
  std::int64_t entries = 0;
  std::string last_hash;
};

struct FileReport {
  std::int64_t lines = 0;       // that are not blank
  std::int64_t entries = 0;     // linked ones
  std::int64_t legacy = 0;      // of a version without hashes, before the first linked one
  std::int64_t incomplete = 0;  // content was dropped: only its links can be checked
  std::string first_hash;       // of the first linked entry
  std::string last_hash;        // of the last linked entry
  bool compared = false;        // the file continues the chain that was recorded
  std::int64_t problems_total = 0;
  std::vector<Problem> problems;  // the first kProblemsMax
  [[nodiscard]] bool whole() const { return problems_total == 0; }
};

class Verifier {
 public:
  static constexpr std::size_t kProblemsMax = 1000;  // a report is for people

  // `recorded`: of the earlier push, if there was one.
  explicit Verifier(std::optional<Recorded> recorded = std::nullopt) : recorded_(std::move(recorded)) {}

  // The next line without its end. Returns false when it is a break or not an entry at all; blank lines are
  // true.
  bool add(std::string_view line);
  // After the last line.
  [[nodiscard]] FileReport finish();

 private:
  void follow(const EntryCheck& check);
  void problem(Finding finding, std::string detail);

  std::optional<Recorded> recorded_;
  FileReport report_;
  std::int64_t line_ = 0;
  bool begun_ = false;  // a linked entry was seen
  bool line_ok_ = true;
};

// Every line of a text, whichever end it has.
[[nodiscard]] FileReport verify_text(std::string_view text, std::optional<Recorded> recorded = std::nullopt);

// Takes the next line off `rest` (LF, CR or CRLF as its end, as Python reads text files). Precondition: rest
// is not empty.
[[nodiscard]] std::string_view next_line(std::string_view& rest);

}  // namespace plumbline::chain
