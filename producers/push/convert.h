// Documents of clients into Plumbline's events. The same document gives the same events with the same ids, so
// a second push stores nothing new (docs/adr/0005-decision-identity.md). Pure.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/formats/formats.h"
#include "core/result.h"
#include "core/time.h"
#include "producers/push/document.h"
#include "producers/push/git_facts.h"

namespace plumbline::push {

// What the user says about the documents; a document's own word goes first. Empty: not said.
struct Labels {
  std::string agent, repo, branch, commit, version;
  std::optional<TimeUs> time;
  std::int64_t time_shift_us = 0;  // added to the documents' own times: a demonstration with old documents
  bool include_content = false;    // keep action_value and explanation
  formats::Options formats = {};   // what fails, in a format that does not say
  GitFacts git =
      {};  // of the working tree: for a report that names no repository, where the user says nothing else
};

struct Event {
  bool report = false;  // goes to /api/v1/reports, everything else to /api/v1/traces
  std::string id;
  std::string line;  // one JSON object without a raw line end
  std::int64_t source_line = 0;
};

struct Skipped {
  std::int64_t line = 0;
  std::string reason;
};

struct Converted {
  std::vector<Event> events;
  std::vector<Skipped> skipped;  // lines that are no event: never sent, always reported
};

// Poison "input" when the text as a whole is not of this form. `written` is the time of documents that have
// none when the user says none either; `name` names the agent of a trace when the user doesn't.
[[nodiscard]] Result<Converted> convert(Form form, std::string_view text, const Labels& labels,
                                        TimeUs written, std::string_view name);

}  // namespace plumbline::push
