#include "console/api/permissions.h"

#include <algorithm>
#include <array>

namespace plumbline::console {
namespace {

constexpr std::array kTable = {
    Permission{"health.read", Role::kViewer},   Permission{"sessions.read", Role::kViewer},
    Permission{"drifts.read", Role::kViewer},   Permission{"pipeline.read", Role::kViewer},
    Permission{"agents.read", Role::kViewer},   Permission{"members.read", Role::kViewer},
    Permission{"keys.read", Role::kViewer},     Permission{"routes.read", Role::kViewer},
    Permission{"settings.read", Role::kViewer}, Permission{"audit.read", Role::kOperator},
    Permission{"keys.manage", Role::kOperator}, Permission{"routes.test", Role::kOperator},
    Permission{"routes.manage", Role::kAdmin},  Permission{"members.manage", Role::kAdmin},
    Permission{"teams.manage", Role::kAdmin},
};

}  // namespace

std::optional<Role> role_of(std::string_view word) {
  if (word == "viewer") return Role::kViewer;
  if (word == "operator") return Role::kOperator;
  if (word == "admin") return Role::kAdmin;
  return std::nullopt;
}

std::string_view to_string(Role role) {
  return role == Role::kAdmin ? "admin" : role == Role::kOperator ? "operator" : "viewer";
}

std::span<const Permission> permissions() {
  return kTable;
}

bool may(Role role, std::string_view permission) {
  return std::any_of(kTable.begin(), kTable.end(),
                     [&](const Permission& p) { return p.name == permission && role >= p.least; });
}

}  // namespace plumbline::console
