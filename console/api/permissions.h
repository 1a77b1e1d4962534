// Who may do what: the one table. The server checks by it, schemas/openapi.yaml's x-permission is compared
// with it by a test, and /api/v1/me gives the page its row. Thread-safe: constants.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace plumbline::console {

// Each role may do what the roles before it may.
enum class Role : std::uint8_t { kViewer, kOperator, kAdmin };
[[nodiscard]] std::optional<Role> role_of(std::string_view word);
[[nodiscard]] std::string_view to_string(Role role);

struct Permission {
  std::string_view name;
  Role least;
};
[[nodiscard]] std::span<const Permission> permissions();
// False for a permission that is not in the table.
[[nodiscard]] bool may(Role role, std::string_view permission);

// Not in the table: of nobody's role.
inline constexpr std::string_view kPublic = "public";
inline constexpr std::string_view kSignedIn = "signed-in";

}  // namespace plumbline::console
