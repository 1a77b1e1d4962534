// Tagged identifiers: a TenantId can't be passed where an EventId is meant.
#pragma once
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "core/uuid.h"

namespace plumbline {

template <class T, class Tag>
struct Tagged {
  T value{};
  auto operator<=>(const Tagged&) const = default;
};

using TenantId = Tagged<Uuid, struct TenantTag>;
using EventId = Tagged<Uuid, struct EventTag>;
using RunId =
    Tagged<Uuid, struct RunTag>;  // one edge worker of one process life: its frames are numbered densely
using KeyId = Tagged<std::string, struct KeyTag>;  // public name of a signing key: [A-Za-z0-9_-]{1,64}

}  // namespace plumbline

template <class T, class Tag>
struct std::hash<plumbline::Tagged<T, Tag>> {
  std::size_t operator()(const plumbline::Tagged<T, Tag>& id) const noexcept {
    return std::hash<T>{}(id.value);
  }
};
