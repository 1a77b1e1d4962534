// Manual pages (man(7)): one of the root and one of each command below it, with that one's own commands as
// subsections. Pure; no dates, so that the same sources give the same bytes.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "apps/describe/tree.h"

namespace plumbline::describe {

// What a parser does not know: "EXIT STATUS", "ENVIRONMENT", "FILES".
struct Section {
  std::string title;
  std::vector<std::pair<std::string, std::string>> entries;  // term and text
};

struct Page {
  std::string file;  // "plumb-push.1"
  std::string text;
};

// `version`: "plumb 1.2.3". The sections stand on every page.
[[nodiscard]] std::vector<Page> man_pages(const Command& root, const std::string& version,
                                          const std::vector<Section>& sections);

}  // namespace plumbline::describe
