#include "core/codec/decoder.h"

#include <string>
#include <vector>

#include "core/codec/event_rules.h"
#include "core/codec/walker.h"
#include "core/limits.h"
#include "core/outcome.h"

namespace plumbline::codec {
namespace {

std::optional<Kind> kind_of(std::string_view word) {
  for (const Kind kind : {Kind::kDecision, Kind::kSession, Kind::kReport, Kind::kSpan}) {
    if (word == to_word(kind)) return kind;
  }
  return std::nullopt;
}

Error reject(RejectReason reason, std::string message) {
  return poison(std::string(to_word(reason)), std::move(message));
}

}  // namespace

std::string_view to_word(Kind kind) {
  switch (kind) {
    case Kind::kDecision:
      return "decision";
    case Kind::kSession:
      return "session";
    case Kind::kSpan:
      return "span";
    case Kind::kReport:
      break;
  }
  return "report";
}

struct Decoder::Parts final : Collector {
  Walker walker;
  DecodedTrace trace;
  std::vector<Count> counts;
  std::vector<Gate> gates;
  std::vector<std::string_view> files;
  std::vector<Failure> failures;
  std::vector<std::size_t> files_ends;  // by failure

  const Rule* rule_by_kind() override {
    const auto kind = kind_of(walker.text(event::kKind));
    return kind ? &event::data_rule(*kind) : nullptr;
  }
  void collected(std::uint8_t what, std::string_view name, const Cell& cell) override {
    switch (what) {
      case event::kCount:
        counts.push_back({name, static_cast<std::int64_t>(cell.number)});
        break;
      case event::kGate:
        gates.push_back({name, cell.text});
        break;
      case event::kFile:
        files.push_back(cell.text);
        break;
      case event::kFailure:
        add_failure();
        break;
      default:
        break;
    }
  }
  std::optional<std::int64_t> integer(event::Slot slot) const {
    if (!walker.has(slot)) return std::nullopt;
    return static_cast<std::int64_t>(walker.cell(slot).number);
  }
  std::optional<double> number(event::Slot slot) const {
    if (!walker.has(slot)) return std::nullopt;
    return walker.cell(slot).number;
  }
  void add_failure() {
    const auto text = [this](event::Slot slot) { return walker.text(slot); };
    failures.push_back({text(event::kFailureId),
                        text(event::kTitle),
                        text(event::kDetails),
                        text(event::kSeverity),
                        text(event::kProvenance),
                        text(event::kCategory),
                        {},
                        integer(event::kLine),
                        integer(event::kEndLine)});
    files_ends.push_back(files.size());
  }
  void clear() {
    counts.clear();
    gates.clear();
    files.clear();
    failures.clear();
    files_ends.clear();
  }
  void fill();
  void fill_decision();
  void fill_report();
};

void Decoder::Parts::fill_decision() {
  const auto text = [this](event::Slot slot) { return walker.text(slot); };
  Decision& d = trace.decision;
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
  d.has_prev_hash = walker.has(event::kPrevHash);
  d.has_action_value = walker.has(event::kActionValue);
  d.has_explanation = walker.has(event::kExplanation);
  d.risk_score.reset();
  if (const auto score = integer(event::kRiskScore)) d.risk_score = static_cast<std::int32_t>(*score);
}

void Decoder::Parts::fill_report() {
  std::size_t begin = 0;
  for (std::size_t i = 0; i < failures.size(); ++i) {
    failures[i].files = std::span<const std::string_view>(files).subspan(begin, files_ends[i] - begin);
    begin = files_ends[i];
  }
  trace.report = {walker.text(event::kStatus),
                  number(event::kScore),
                  number(event::kAiHealthScore),
                  number(event::kStructuralScore),
                  number(event::kDurationMs),
                  gates,
                  failures};
}

void Decoder::Parts::fill() {
  trace.id = walker.cell(event::kId).uuid;
  trace.time = {walker.cell(event::kTime).time_us};
  trace.kind = *kind_of(walker.text(event::kKind));
  trace.agent = walker.text(event::kAgent);
  trace.session = walker.text(event::kSession);
  trace.repo = walker.text(event::kRepo);
  trace.branch = walker.text(event::kBranch);
  trace.commit = walker.text(event::kCommit);
  trace.version = walker.text(event::kVersion);
  trace.data = walker.text(event::kData);
  switch (trace.kind) {
    case Kind::kDecision:
      fill_decision();
      break;
    case Kind::kSession:
      trace.session_data = {walker.text(event::kEvent), counts};
      break;
    case Kind::kReport:
      fill_report();
      break;
    case Kind::kSpan:
      break;  // stored as it is: views read its members
  }
}

Decoder::Decoder() : parts_(std::make_unique<Parts>()) {}
Decoder::~Decoder() = default;
Decoder::Decoder(Decoder&&) noexcept = default;
Decoder& Decoder::operator=(Decoder&&) noexcept = default;

Result<const DecodedTrace*> Decoder::decode(std::string_view line, Endpoint endpoint) {
  const std::size_t bytes_max =
      endpoint == Endpoint::kTraces ? limits::kTraceBytesMax : limits::kReportBytesMax;
  if (line.size() > bytes_max) {
    return reject(RejectReason::kTooLarge, "the line has " + std::to_string(line.size()) +
                                               " bytes; the limit is " + std::to_string(bytes_max));
  }
  Parts& parts = *parts_;
  parts.clear();
  if (Status walked = parts.walker.walk(line, event::kEnvelope, &parts); !walked)
    return std::move(walked).error();
  parts.fill();
  if ((parts.trace.kind == Kind::kReport) != (endpoint == Endpoint::kReports)) {
    const bool report = parts.trace.kind == Kind::kReport;
    return reject(RejectReason::kWrongEndpoint,
                  report ? "/kind report belongs to the reports endpoint"
                         : "/kind other than report belongs to the traces endpoint");
  }
  return &parts.trace;
}

}  // namespace plumbline::codec
