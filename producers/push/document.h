// What a text is, told by its first document: which of the forms that `plumb push` reads.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/codec/python_canonical.h"
#include "core/formats/formats.h"

namespace plumbline::push {

enum class Form : std::uint8_t {
  kAuto,         // tell from the text
  kRigour,       // one report of Rigour as a file
  kRigourLines,  // lines of {repo, version, commit, time, report}
  kAtlasBridge,  // AtlasBridge's decision trace
  kNative,       // Plumbline's own events, one a line
  kSarif,        // a gate's report in another tool's format: core/formats
  kDependencyCruiser,
  kImportLinter,
  kSonarQube,
  kScorecard,
  kJUnit,
};

// The format of core/formats that a form is, if it is one; and the word of every form as --kind takes it.
[[nodiscard]] std::optional<formats::Format> gate_format(Form form);
[[nodiscard]] std::string_view word(Form form);

// nullopt: none of them.
[[nodiscard]] std::optional<Form> tell_form(std::string_view text);

// Text of a member; "" when it is not there or no text.
[[nodiscard]] std::string_view text_of(const codec::PythonObject& object, std::string_view name);
[[nodiscard]] std::string_view without_outer_space(std::string_view text);

}  // namespace plumbline::push
