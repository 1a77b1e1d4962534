// Asks for the parts of an OTLP event, while it is written, what Redactor would say of the whole: an event
// that passes is one that Redactor::apply gives back as it is (tests/fuzz/otlp holds both against each
// other). It errs on the side of looking again. Not thread-safe; one for each thread.
#pragma once
#include <optional>
#include <vector>

#include "core/otlp/screen.h"
#include "core/redact/detect.h"
#include "core/redact/policy.h"

namespace plumbline::redact {

class SpanScreen final : public otlp::Screen {
 public:
  // nullopt under a policy that only the redactor itself can follow: one with rules.
  [[nodiscard]] static std::optional<SpanScreen> of(const Policy& policy);

  [[nodiscard]] Facts facts(std::string_view name) override;
  [[nodiscard]] bool passes(std::string_view text, bool identifier) override;

 private:
  explicit SpanScreen(bool include_content) : include_content_(include_content) {}
  bool include_content_;
  std::vector<Hit> hits_;
};

}  // namespace plumbline::redact
