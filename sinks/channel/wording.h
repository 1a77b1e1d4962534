// What a message says, for people: the same words in Slack and mail, which each escape and cut them for their
// medium. Pure.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sinks/channel/channel.h"

namespace plumbline::channel {

struct Wording {
  std::string title;    // "Drift in acme/app (main): 2 new layer violations"
  std::string summary;  // a sentence; may be empty
  std::vector<std::pair<std::string, std::string>> facts;  // "Commit" and "1a2b3c4"
  std::vector<std::string> findings;                       // a violation each, most important first
  std::int64_t more = 0;                                   // findings that are not listed
  std::string resend;  // said when an earlier attempt may have arrived; else empty
  bool good = false;   // resolved, reporting again
};

// Of the whole message: an event, a digest (then facts are empty and findings are its events), a test or a
// notice.
[[nodiscard]] Wording wording_of(const Message& message);

// "2026-11-21 09:30 UTC"
[[nodiscard]] std::string person_time(TimeUs time);
// "3 days 4 hours", "12 minutes"; the two largest units.
[[nodiscard]] std::string person_duration(std::int64_t us);

// At most `bytes` of valid UTF-8, cut at a character's end with an ellipsis; bytes that are no UTF-8 become
// '?', control characters but line ends become spaces.
[[nodiscard]] std::string tame(std::string_view text, std::size_t bytes);
// The same without line ends: for titles and headers.
[[nodiscard]] std::string tame_line(std::string_view text, std::size_t bytes);

}  // namespace plumbline::channel
