#include "producers/push/document.h"

namespace plumbline::push {
namespace {

using codec::PythonMember;
using codec::PythonObject;

bool has_object(const PythonObject& object, std::string_view name) {
  const PythonMember* member = object.find(name);
  return member != nullptr && member->kind == PythonMember::Kind::kObject;
}

std::optional<Form> form_of(const PythonObject& object) {
  if (!text_of(object, "kind").empty() && object.find("id") != nullptr && has_object(object, "data"))
    return Form::kNative;
  if (has_object(object, "report")) return Form::kRigourLines;
  if (!text_of(object, "status").empty() && has_object(object, "summary")) return Form::kRigour;
  if (object.find("action_type") != nullptr || object.find("prev_hash") != nullptr) return Form::kAtlasBridge;
  return std::nullopt;
}

std::optional<Form> gate_form(std::string_view text) {
  const auto format = formats::guess(text);
  for (const Form form : {Form::kSarif, Form::kDependencyCruiser, Form::kImportLinter, Form::kSonarQube,
                          Form::kScorecard, Form::kJUnit}) {
    if (format && gate_format(form) == format) return form;
  }
  return std::nullopt;
}

}  // namespace

std::optional<formats::Format> gate_format(Form form) {
  switch (form) {
    case Form::kSarif:
      return formats::Format::kSarif;
    case Form::kDependencyCruiser:
      return formats::Format::kDependencyCruiser;
    case Form::kImportLinter:
      return formats::Format::kImportLinter;
    case Form::kSonarQube:
      return formats::Format::kSonarQube;
    case Form::kScorecard:
      return formats::Format::kScorecard;
    case Form::kJUnit:
      return formats::Format::kJUnit;
    default:
      return std::nullopt;
  }
}

std::string_view word(Form form) {
  if (const auto format = gate_format(form)) return formats::word(*format);
  switch (form) {
    case Form::kRigour:
    case Form::kRigourLines:
      return "rigour";
    case Form::kAtlasBridge:
      return "atlasbridge";
    case Form::kNative:
      return "ndjson";
    default:
      return "auto";
  }
}

std::string_view without_outer_space(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::string_view text_of(const PythonObject& object, std::string_view name) {
  const PythonMember* member = object.find(name);
  return member == nullptr ? std::string_view{} : std::string_view{member->text};
}

std::optional<Form> tell_form(std::string_view text) {
  const std::string_view all = without_outer_space(text);
  const auto line = PythonObject::parse(all.substr(0, all.find('\n')));
  if (line) {
    if (const auto form = form_of(*line)) return form;
  } else if (const auto whole = PythonObject::parse(all)) {
    if (const auto form = form_of(*whole)) return form;
  }
  if (const auto form = gate_form(all)) return form;
  // A damaged first line of a trace must not hide the rest of it.
  const std::size_t next = all.find('\n');
  if (line || next == std::string_view::npos) return std::nullopt;
  const auto second =
      PythonObject::parse(without_outer_space(all.substr(next + 1, all.find('\n', next + 1) - next - 1)));
  return second ? form_of(*second) : std::nullopt;
}

}  // namespace plumbline::push
