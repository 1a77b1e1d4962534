// What a line's slots and lists mean: how both decoders make a DecodedTrace of what they found. `Slots` says
// has(slot), text(slot), empty where it has none, and number(slot), meaningful where it has one.
#pragma once
#include <optional>
#include <string_view>
#include <vector>

#include "core/codec/decoder.h"
#include "core/codec/event_rules.h"

namespace plumbline::codec {

// What a line has any number of. Views borrow from the line or from whoever unescaped it.
struct Lists {
  std::vector<Count> counts;
  std::vector<Gate> gates;
  std::vector<std::string_view> files;
  std::vector<Failure> failures;
  std::vector<std::size_t> files_ends;  // by failure

  void clear() {
    counts.clear();
    gates.clear();
    files.clear();
    failures.clear();
    files_ends.clear();
  }
};

template <class Slots>
std::optional<double> number_in(const Slots& slots, event::Slot slot) {
  return slots.has(slot) ? std::optional(slots.number(slot)) : std::nullopt;
}

template <class Slots>
std::optional<std::int64_t> integer_in(const Slots& slots, event::Slot slot) {
  if (!slots.has(slot)) return std::nullopt;
  return static_cast<std::int64_t>(slots.number(slot));
}

// An element of a list was read; `slots` hold its members where it is an object.
template <class Slots>
void collect(std::uint8_t what, std::string_view name, std::string_view text, double number,
             const Slots& slots, Lists& lists) {
  switch (what) {
    case event::kCount:
      lists.counts.push_back({name, static_cast<std::int64_t>(number)});
      break;
    case event::kGate:
      lists.gates.push_back({name, text});
      break;
    case event::kFile:
      lists.files.push_back(text);
      break;
    case event::kFailure:
      lists.failures.push_back({slots.text(event::kFailureId),
                                slots.text(event::kTitle),
                                slots.text(event::kDetails),
                                slots.text(event::kSeverity),
                                slots.text(event::kProvenance),
                                slots.text(event::kCategory),
                                {},
                                integer_in(slots, event::kLine),
                                integer_in(slots, event::kEndLine)});
      lists.files_ends.push_back(lists.files.size());
      break;
    default:
      break;
  }
}

template <class Slots>
void fill_decision(const Slots& slots, Decision& decision) {
  const auto text = [&slots](event::Slot slot) { return slots.text(slot); };
  Decision& d = decision;
  d.timestamp = text(event::kTimestamp);
  d.idempotency_key = text(event::kIdempotencyKey);
  d.prompt_id = text(event::kPromptId);
  d.session_id = text(event::kSessionId);
  d.policy_hash = text(event::kPolicyHash);
  d.matched_rule_id = text(event::kMatchedRuleId);
  d.action_type = text(event::kActionType);
  d.confidence = text(event::kConfidence);
  d.prompt_type = text(event::kPromptType);
  d.autonomy_mode = text(event::kAutonomyMode);
  d.risk_category = text(event::kRiskCategory);
  d.prev_hash = text(event::kPrevHash);
  d.hash = text(event::kHash);
  d.has_prev_hash = slots.has(event::kPrevHash);
  d.has_action_value = slots.has(event::kActionValue);
  d.has_explanation = slots.has(event::kExplanation);
  d.risk_score.reset();
  if (slots.has(event::kRiskScore)) d.risk_score = static_cast<std::int32_t>(slots.number(event::kRiskScore));
}

template <class Slots>
void fill_report(const Slots& slots, Lists& lists, DecodedTrace& trace) {
  std::size_t begin = 0;
  for (std::size_t i = 0; i < lists.failures.size(); ++i) {
    const std::size_t end = lists.files_ends[i];
    lists.failures[i].files = std::span<const std::string_view>(lists.files).subspan(begin, end - begin);
    begin = end;
  }
  trace.report = {slots.text(event::kStatus),
                  number_in(slots, event::kScore),
                  number_in(slots, event::kAiHealthScore),
                  number_in(slots, event::kStructuralScore),
                  number_in(slots, event::kDurationMs),
                  lists.gates,
                  lists.failures};
}

// Everything but id and time, of a line of `kind`.
template <class Slots>
void fill(Kind kind, const Slots& slots, Lists& lists, DecodedTrace& trace) {
  trace.kind = kind;
  trace.agent = slots.text(event::kAgent);
  trace.session = slots.text(event::kSession);
  trace.repo = slots.text(event::kRepo);
  trace.branch = slots.text(event::kBranch);
  trace.commit = slots.text(event::kCommit);
  trace.version = slots.text(event::kVersion);
  trace.data = slots.text(event::kData);
  switch (kind) {
    case Kind::kDecision:
      fill_decision(slots, trace.decision);
      break;
    case Kind::kSession:
      trace.session_data = {slots.text(event::kEvent), lists.counts};
      break;
    case Kind::kReport:
      fill_report(slots, lists, trace);
      break;
    case Kind::kSpan:
      break;  // stored as it is: views read its members
  }
}

}  // namespace plumbline::codec
