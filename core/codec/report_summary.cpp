#include "core/codec/report_summary.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace plumbline::codec {
namespace {

constexpr char kTab = '\t';

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

// False: there is no tab any more.
bool cut(std::string_view& rest, std::string_view& field) {
  const std::size_t end = rest.find(kTab);
  if (end == std::string_view::npos) return false;
  field = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return true;
}

bool same_rule(const Failure& a, const Failure& b) {
  return a.id == b.id && a.title == b.title && a.category == b.category;
}

class Writer {
 public:
  explicit Writer(std::string& out) : out_(out), begin_(out.size()) {}

  void add(std::string_view text) {
    if (!fits_) return;
    fits_ = out_.size() - begin_ + text.size() + 1 <= kSummaryBytesMax && !has_control(text);
    if (!fits_) return;
    if (out_.size() > begin_) out_.push_back(kTab);
    out_.append(text);
  }
  void rules(std::span<const Failure> failures) {
    std::array<const Failure*, kSummaryRulesMax> known{};
    std::size_t count = 0;
    const Failure* last = nullptr;
    for (const Failure& failure : failures) {
      // A gate names many findings alike, one behind the other.
      if (last != nullptr && same_rule(failure, *last)) continue;
      last = &failure;
      const auto known_now = std::span(known).first(count);
      if (std::any_of(known_now.begin(), known_now.end(),
                      [&](const Failure* one) { return same_rule(*one, failure); }))
        continue;
      if (count == known.size()) fits_ = false;
      if (!fits_) return;
      known[count++] = &failure;
      add(failure.id);
      add(failure.title);
      add(failure.category);
    }
  }
  bool finish() {
    if (!fits_) out_.resize(begin_);
    return fits_;
  }

 private:
  std::string& out_;
  std::size_t begin_;
  bool fits_ = true;
};

}  // namespace

bool append_report_summary(const DecodedTrace& report, std::string& out) {
  char id[36];
  report.id.write_to(id);
  char time[20];
  const char* const time_end = std::to_chars(time, time + sizeof time, report.time.value).ptr;
  Writer writer(out);
  writer.add("1");
  writer.add({id, sizeof id});
  writer.add({time, static_cast<std::size_t>(time_end - time)});
  for (const std::string_view text :
       {report.report.status, report.repo, report.branch, report.commit, report.version}) {
    writer.add(text);
  }
  writer.rules(report.report.failures);
  return writer.finish();
}

std::optional<ReportSummary> parse_report_summary(std::string_view line) {
  ReportSummary made;
  std::string_view version, id, time;
  if (!cut(line, version) || version != "1" || !cut(line, id) || !cut(line, time)) return std::nullopt;
  const auto parsed_id = Uuid::parse(id);
  if (!parsed_id) return std::nullopt;
  made.id = *parsed_id;
  const auto parsed = std::from_chars(time.data(), time.data() + time.size(), made.time.value);
  if (parsed.ec != std::errc{} || parsed.ptr != time.data() + time.size()) return std::nullopt;
  if (!cut(line, made.status) || !cut(line, made.repo) || !cut(line, made.branch) ||
      !cut(line, made.commit)) {
    return std::nullopt;
  }
  if (!cut(line, made.version)) {
    made.version = line;
    return made;
  }
  made.rules = line;
  // Whole triples: the tabs between their fields are two more than a multiple of three.
  if (std::count(line.begin(), line.end(), kTab) % 3 != 2) return std::nullopt;
  return made;
}

bool SummaryRules::next(One& one) {
  if (!cut(rest_, one.id) || !cut(rest_, one.title)) return false;
  if (!cut(rest_, one.category)) {
    one.category = rest_;
    rest_ = {};
  }
  return true;
}

}  // namespace plumbline::codec
