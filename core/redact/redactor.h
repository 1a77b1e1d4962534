// One event as it was made into the event that leaves. Pure; one for each thread.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/redact/detect.h"
#include "core/redact/policy.h"

namespace plumbline::redact {

// What was done at one place, for people; never a value.
struct Change {
  std::string path;
  std::string what;       // "dropped", "hashed", "masked"
  std::string why;        // "content", "rule data.x", or a detector's kind
  std::size_t bytes = 0;  // of the value, or of what is masked in it
};

// What a member's name says alone.
struct NameFacts {
  bool content = false;     // by the conventions of any kind of event
  bool secret = false;      // names_secret
  bool identifier = false;  // names_identifier
  bool clean = false;       // no detector finds anything in the name itself
};
[[nodiscard]] NameFacts facts_of_name(std::string_view name);

class Redactor {
 public:
  explicit Redactor(const Policy& policy) : policy_(policy) {}

  // `line` is one event that codec::Decoder took: valid JSON. The answer is the event as it may leave: the
  // same bytes where nothing is to be changed. The same line and policy give the same answer, so that a
  // resend is a duplicate. Changes are noted in `changes` when it is there.
  //
  // A changed decision can't pass for whole: its hash is over the entry as it was. One that still has both
  // members of content loses `explanation`, so that only its links are checked.
  [[nodiscard]] std::string apply(std::string_view line, std::vector<Change>* changes = nullptr);

 private:
  enum class Kind : std::uint8_t { kDecision, kReport, kOther };
  struct NameHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const { return std::hash<std::string_view>{}(name); }
  };
  NameFacts facts_of(std::string_view name);  // looked up: few names come again and again
  // What becomes of one member or element. False: it goes, with its comma.
  bool value(std::string_view text, std::string& out);
  void object(std::string_view text, std::string& out);
  void array(std::string_view text, std::string& out);
  void text_value(std::string_view raw, std::string& out);
  // False: nothing is found. Else `out` is a text in which nothing more is found; `bound`: of no more
  // characters than `text`, or kMaskedLeast.
  bool masked(std::string_view text, bool identifier, bool bound, std::string& out);
  bool masked_once(std::string_view text, bool identifier, std::string& out);
  [[nodiscard]] bool is_content(std::string_view raw, bool by_name) const;
  // A member of a report's summary, which says how a gate went.
  [[nodiscard]] bool is_gate_status(std::string_view raw) const;
  void note(std::string_view what, std::string_view why, std::size_t bytes);
  [[nodiscard]] std::string path_text() const;

  const Policy& policy_;
  Kind kind_ = Kind::kOther;
  bool command_gate_ = false;  // of the failure under way
  bool kept_ = false;          // a rule keeps what is under way
  bool changed_ = false;
  std::vector<std::string_view> path_;
  std::vector<NameFacts> facts_;  // of path_, one for one
  std::unordered_map<std::string, NameFacts, NameHash, std::equal_to<>> names_;
  std::vector<Hit> hits_;
  std::vector<Change>* changes_ = nullptr;
};

}  // namespace plumbline::redact
