// What redaction would say about the parts of an event while it is written, so that the event need not be
// read again to be redacted. core/redact has the one that asks its own detectors.
#pragma once
#include <string_view>

namespace plumbline::otlp {

class Screen {
 public:
  // What a member's name says alone.
  struct Facts {
    bool drops_texts = false;  // texts, lists and objects of this name do not leave
    bool secret = false;       // its text is masked whatever it is
    bool identifier = false;   // its text is an id or a digest
    bool clean = true;         // the name itself may leave
  };
  virtual ~Screen() = default;
  [[nodiscard]] virtual Facts facts(std::string_view name) = 0;
  // The text (or the digits of a number) would leave as it is.
  [[nodiscard]] virtual bool passes(std::string_view text, bool identifier) = 0;
};

}  // namespace plumbline::otlp
