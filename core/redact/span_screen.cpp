#include "core/redact/span_screen.h"

#include "core/redact/redactor.h"

namespace plumbline::redact {

std::optional<SpanScreen> SpanScreen::of(const Policy& policy) {
  if (!policy.rules.empty()) return std::nullopt;
  return SpanScreen(policy.include_content);
}

otlp::Screen::Facts SpanScreen::facts(std::string_view name) {
  const NameFacts known = facts_of_name(name);
  return {!include_content_ && known.content, known.secret, known.identifier, known.clean};
}

// What the policy turns off or allows is looked for all the same: the redactor then says that it may leave.
bool SpanScreen::passes(std::string_view text, bool identifier) {
  detect(text, identifier && text.find_first_of(" \t\n") == text.npos, hits_);
  return hits_.empty();
}

}  // namespace plumbline::redact
