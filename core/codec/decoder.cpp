#include "core/codec/decoder.h"

#include <string>

#include "core/codec/slots.h"
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
  Lists lists;

  const Rule* rule_by_kind() override {
    const auto kind = kind_of(walker.text(event::kKind));
    return kind ? &event::data_rule(*kind) : nullptr;
  }
  void collected(std::uint8_t what, std::string_view name, const Cell& cell) override {
    collect(what, name, cell.text, cell.number, walker, lists);
  }
};

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
  parts.lists.clear();
  if (Status walked = parts.walker.walk(line, event::kEnvelope, &parts); !walked)
    return std::move(walked).error();
  parts.trace.id = parts.walker.cell(event::kId).uuid;
  parts.trace.time = {parts.walker.cell(event::kTime).time_us};
  fill(*kind_of(parts.walker.text(event::kKind)), parts.walker, parts.lists, parts.trace);
  if ((parts.trace.kind == Kind::kReport) != (endpoint == Endpoint::kReports)) {
    const bool report = parts.trace.kind == Kind::kReport;
    return reject(RejectReason::kWrongEndpoint,
                  report ? "/kind report belongs to the reports endpoint"
                         : "/kind other than report belongs to the traces endpoint");
  }
  return &parts.trace;
}

}  // namespace plumbline::codec
