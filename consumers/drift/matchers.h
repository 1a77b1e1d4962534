// What counts as a layer violation for a tenant. Values; matching touches only its arguments.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace plumbline::drift {

struct Matchers {
  // Ids of rules, ASCII in any case; '*' at the end stands for any rest.
  std::vector<std::string> ids = {"ARCH_BOUNDARY"};
  // Beginnings of words, ASCII in any case, in id, title or category: "layer" is in "Layer violation",
  // "no-layer-skip" and "noLayerSkip", not in "player".
  std::vector<std::string> words = {"architect", "layer"};

  [[nodiscard]] bool match(std::string_view id, std::string_view title, std::string_view category) const;
  bool operator==(const Matchers&) const = default;
};

}  // namespace plumbline::drift
