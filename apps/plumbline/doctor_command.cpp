#include <algorithm>

#include <fmt/format.h>

#include "apps/plumbline/command.h"
#include "apps/plumbline/doctor.h"

namespace plumbline::app {
namespace {

std::string_view word(Health health) {
  switch (health) {
    case Health::kGood:
      return "ok";
    case Health::kWarn:
      return "warn";
    case Health::kFail:
      break;
  }
  return "FAIL";
}

int doctor(const config::Loaded& loaded) {
  Findings all{{Health::kGood, "configuration", "read and within its bounds"}};
  for (const Findings& findings :
       {check_postgres(loaded.config), check_keys(loaded.config), check_log(loaded.config)}) {
    all.insert(all.end(), findings.begin(), findings.end());
  }
  for (const Finding& f : all) fmt::print("{:<5} {:<16} {}\n", word(f.health), f.what, f.text);
  const bool failed =
      std::any_of(all.begin(), all.end(), [](const Finding& f) { return f.health == Health::kFail; });
  return failed ? kFailed : kOk;
}

}  // namespace

void add_doctor(Commands& commands) {
  commands.add(commands.root(), "doctor",
               "look at everything Plumbline stands on; each line says ok, or what to do", doctor);
}

}  // namespace plumbline::app
