// One number out of a validated JSON object, without a tree.
#pragma once
#include <optional>
#include <string_view>

namespace plumbline::health {

// The value of the object's own member `name` when it is a number; members of inner objects are passed over.
// Precondition: `object` is valid JSON, an object.
[[nodiscard]] std::optional<double> number_member(std::string_view object, std::string_view name);

}  // namespace plumbline::health
