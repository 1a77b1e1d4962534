// Everything that a decoder said of a line, as one text: two decoders agree when their texts are equal.
#pragma once
#include <string>
#include <string_view>

#include "core/codec/decoder.h"

namespace plumbline::tests {

inline std::string text_of(const codec::DecodedTrace& t) {
  std::string out = std::string(codec::to_word(t.kind)) + t.id.to_string() + std::to_string(t.time.value);
  const auto add = [&](std::string_view text) { out.append("|").append(text); };
  const auto number = [&](const auto& value) { add(value ? std::to_string(*value) : "-"); };
  for (const std::string_view text : {t.agent, t.session, t.repo, t.branch, t.commit, t.version, t.data})
    add(text);
  if (t.kind == codec::Kind::kDecision) {
    const codec::Decision& d = t.decision;
    for (const std::string_view text :
         {d.timestamp, d.idempotency_key, d.prompt_id, d.session_id, d.policy_hash, d.matched_rule_id,
          d.action_type, d.confidence, d.prompt_type, d.autonomy_mode, d.risk_category, d.prev_hash, d.hash})
      add(text);
    number(d.risk_score);
    add(std::to_string(d.has_prev_hash) + std::to_string(d.has_action_value) +
        std::to_string(d.has_explanation));
  } else if (t.kind == codec::Kind::kSession) {
    add(t.session_data.event);
    for (const codec::Count& count : t.session_data.counts)
      add(std::string(count.name) + std::to_string(count.value));
  } else if (t.kind == codec::Kind::kReport) {
    add(t.report.status);
    for (const auto& value :
         {t.report.score, t.report.ai_health_score, t.report.structural_score, t.report.duration_ms})
      number(value);
    for (const codec::Gate& gate : t.report.summary)
      add(std::string(gate.name) + ":" + std::string(gate.status));
    for (const codec::Failure& f : t.report.failures) {
      for (const std::string_view text : {f.id, f.title, f.details, f.severity, f.provenance, f.category})
        add(text);
      for (const std::string_view file : f.files) add(file);
      number(f.line);
      number(f.end_line);
    }
  }
  return out;
}

inline std::string text_of(const Result<const codec::DecodedTrace*>& decoded) {
  return decoded ? text_of(**decoded) : decoded.error().code + " " + decoded.error().message;
}

}  // namespace plumbline::tests
