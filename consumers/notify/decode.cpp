#include "consumers/notify/decode.h"

#include <utility>
#include <vector>

#include "core/codec/walker.h"

namespace plumbline::notify {
namespace {

using codec::Field;
using codec::Rule;
using codec::Shape;
using enum codec::Type;

enum Slot : std::uint8_t {
  kId,
  kEventType,
  kTenant,
  kTime,
  kRecordedAt,
  kNotify,
  kSeverity,
  kRepo,
  kBranch,
  kAgent,
  kDriftId,
  kIncidentId,
  kReportId,
  kCommit,
  kVersion,
  kPreviousReport,
  kPreviousCommit,
  kPreviousVersion,
  kPreviousTime,
  kPassingSince,
  kSummary,
  kViolationId,
  kViolationTitle,
  kViolationSeverity,
  kViolationsTotal,
  kPolicyFrom,
  kPolicyTo,
  kSilentSince,
  kV,
};
enum Collect : std::uint8_t { kNothing, kFile, kViolation };

constexpr std::string_view kSeverities[] = {"critical", "high", "medium", "low", "info"};
constexpr Rule kVersionOne{.type = kInteger, .min = 1, .max = 1};
constexpr Rule kUuidText{.type = kString, .format = codec::Format::kUuid};
constexpr Rule kUuidOrNull{.type = kString, .nullable = true, .format = codec::Format::kUuid};
constexpr Rule kTimeText{.type = kString, .format = codec::Format::kTime};
constexpr Rule kTimeOrNull{.type = kString, .nullable = true, .format = codec::Format::kTime};
constexpr Rule kTypeWord{.type = kString, .chars_min = 1, .chars_max = 64};
constexpr Rule kFlag{.type = kBoolean};
constexpr Rule kSeverityWord{.type = kString, .words = kSeverities};
constexpr Rule kTextOrNull{.type = kString, .nullable = true, .chars_max = 4096};
constexpr Rule kFilePath{.type = kString, .collect = kFile, .chars_max = 4096};
constexpr Rule kFiles{.type = kArray, .nullable = true, .items_max = 1000, .items = &kFilePath};
constexpr Field kViolationFields[] = {{"id", &kTextOrNull, kViolationId},
                                      {"title", &kTextOrNull, kViolationTitle},
                                      {"severity", &kTextOrNull, kViolationSeverity},
                                      {"files", &kFiles}};
constexpr Shape kViolationShape{kViolationFields};
constexpr Rule kOneViolation{.type = kObject, .collect = kViolation, .shape = &kViolationShape};
constexpr Rule kViolations{.type = kArray, .nullable = true, .items_max = 1000, .items = &kOneViolation};
constexpr Rule kTotal{.type = kInteger, .nullable = true, .min = 0, .max = 9007199254740991};
constexpr Field kPreviousFields[] = {{"report_id", &kTextOrNull, kPreviousReport},
                                     {"commit", &kTextOrNull, kPreviousCommit},
                                     {"version", &kTextOrNull, kPreviousVersion},
                                     {"time", &kTimeOrNull, kPreviousTime}};
constexpr Shape kPreviousShape{kPreviousFields};
constexpr Rule kPreviousRule{.type = kObject, .nullable = true, .shape = &kPreviousShape};
constexpr Field kPolicyFields[] = {{"from", &kTextOrNull, kPolicyFrom}, {"to", &kTextOrNull, kPolicyTo}};
constexpr Shape kPolicyShape{kPolicyFields};
constexpr Rule kPolicyRule{.type = kObject, .nullable = true, .shape = &kPolicyShape};
constexpr Field kFields[] = {{"v", &kVersionOne, kV, true},
                             {"id", &kUuidText, kId, true},
                             {"type", &kTypeWord, kEventType, true},
                             {"tenant", &kUuidText, kTenant, true},
                             {"time", &kTimeText, kTime, true},
                             {"recorded_at", &kTimeText, kRecordedAt, true},
                             {"notify", &kFlag, kNotify, true},
                             {"severity", &kSeverityWord, kSeverity, true},
                             {"repo", &kTextOrNull, kRepo},
                             {"branch", &kTextOrNull, kBranch},
                             {"agent", &kTextOrNull, kAgent},
                             {"drift_id", &kUuidOrNull, kDriftId},
                             {"incident_id", &kUuidOrNull, kIncidentId},
                             {"report_id", &kUuidOrNull, kReportId},
                             {"commit", &kTextOrNull, kCommit},
                             {"version", &kTextOrNull, kVersion},
                             {"previous", &kPreviousRule},
                             {"passing_since", &kTimeOrNull, kPassingSince},
                             {"summary", &kTextOrNull, kSummary},
                             {"violations", &kViolations},
                             {"violations_total", &kTotal, kViolationsTotal},
                             {"policy", &kPolicyRule},
                             {"silent_since", &kTimeOrNull, kSilentSince}};
constexpr Shape kShape{kFields};
constexpr Rule kEvent{.type = kObject, .shape = &kShape};

}  // namespace

struct EventDecoder::Parts final : codec::Collector {
  codec::Walker walker;
  std::vector<std::string> files;
  std::vector<channel::Violation> violations;

  void collected(std::uint8_t what, std::string_view /*name*/, const codec::Cell& cell) override {
    if (what == kFile) {
      files.emplace_back(cell.text);
    } else if (what == kViolation) {
      violations.push_back(
          {text(kViolationId), text(kViolationTitle), text(kViolationSeverity), std::exchange(files, {})});
    }
  }
  [[nodiscard]] std::string text(Slot slot) const { return std::string(walker.text(slot)); }
  [[nodiscard]] std::optional<Uuid> uuid(Slot slot) const {
    return walker.has(slot) ? std::optional(walker.cell(slot).uuid) : std::nullopt;
  }
  [[nodiscard]] std::optional<TimeUs> time(Slot slot) const {
    return walker.has(slot) ? std::optional(TimeUs{walker.cell(slot).time_us}) : std::nullopt;
  }
  [[nodiscard]] bool any(std::initializer_list<Slot> slots) const {
    for (const Slot slot : slots) {
      if (walker.has(slot)) return true;
    }
    return false;
  }
  channel::Event event();
};

channel::Event EventDecoder::Parts::event() {
  channel::Event e;
  e.id = walker.cell(kId).uuid;
  e.type = text(kEventType);
  e.tenant = {walker.cell(kTenant).uuid};
  e.time = {walker.cell(kTime).time_us};
  e.recorded_at = {walker.cell(kRecordedAt).time_us};
  e.notify = walker.text(kNotify) == "true";
  e.severity = channel::parse_severity(walker.text(kSeverity)).value_or(channel::Severity::kInfo);
  e.repo = text(kRepo);
  e.branch = text(kBranch);
  e.agent = text(kAgent);
  e.drift_id = uuid(kDriftId);
  e.incident_id = uuid(kIncidentId);
  e.report_id = uuid(kReportId);
  e.commit = text(kCommit);
  e.version = text(kVersion);
  if (any({kPreviousReport, kPreviousCommit, kPreviousVersion, kPreviousTime})) {
    e.previous = {text(kPreviousReport), text(kPreviousCommit), text(kPreviousVersion), time(kPreviousTime)};
  }
  e.passing_since = time(kPassingSince);
  e.summary = text(kSummary);
  e.violations = std::move(violations);
  e.violations_total = walker.has(kViolationsTotal)
                           ? static_cast<std::int64_t>(walker.cell(kViolationsTotal).number)
                           : static_cast<std::int64_t>(e.violations.size());
  if (any({kPolicyFrom, kPolicyTo})) e.policy = {text(kPolicyFrom), text(kPolicyTo)};
  e.silent_since = time(kSilentSince);
  return e;
}

EventDecoder::EventDecoder() : parts_(std::make_unique<Parts>()) {}
EventDecoder::~EventDecoder() = default;

Result<channel::Event> EventDecoder::decode(std::string_view json) {
  parts_->files.clear();
  parts_->violations.clear();
  if (Status walked = parts_->walker.walk(json, kEvent, parts_.get()); !walked) return walked.error();
  return parts_->event();
}

}  // namespace plumbline::notify
