#include "producers/push/verify.h"

#include <ostream>

#include "producers/push/input.h"
#include "producers/push/push.h"

namespace plumbline::push {

void print_problems(const std::string& name, const chain::FileReport& report, std::ostream& out) {
  for (const chain::Problem& problem : report.problems) {
    out << name << (problem.line > 0 ? ":" + std::to_string(problem.line) : "") << ": "
        << chain::to_word(problem.finding) << ": " << problem.detail << "\n";
  }
  const auto shown = static_cast<std::int64_t>(report.problems.size());
  if (report.problems_total > shown) out << name << ": and " << report.problems_total - shown << " more\n";
}

int verify(const std::vector<std::string>& paths, const ChainState& state, std::ostream& out,
           std::ostream& err) {
  auto inputs = expand(paths);
  if (!inputs) {
    err << "plumb: " << inputs.error().message << "\n";
    return kExitUsage;
  }
  int exit_code = kExitOk;
  for (const Input& input : *inputs) {
    auto text = read_text(input);
    if (!text) {
      err << "plumb: " << text.error().message << "\n";
      if (exit_code == kExitOk) exit_code = kExitUsage;
      continue;
    }
    const chain::FileReport report = verify_against(state, input.path, *text);
    out << input.name << ": " << (report.whole() ? "whole" : "BROKEN") << ", " << report.entries
        << " entries";
    if (report.legacy > 0) out << ", " << report.legacy << " older ones without hashes";
    if (!report.whole()) out << ", " << report.problems_total << " problems";
    if (report.compared) out << ", compared with an earlier push";
    out << "\n";
    print_problems(input.name, report, out);
    if (!report.whole()) exit_code = kExitChainBroken;
  }
  return exit_code;
}

}  // namespace plumbline::push
