// What is dear to work out: one JSON text of a tenant, kept for as long as it took times twenty (one second
// at least), so that no page costs more than a twentieth of a core whoever looks at it how often.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "console/api/service.h"

namespace plumbline::console {

// `sql` gives one JSON text, about $1 if that is given. What took longer than a moment is worked out beside,
// while the last value is shown; nullopt: there is none yet, ask again. `name` is unique among the callers
// and what they ask about. `patience_ms`: how long the first to ask waits.
[[nodiscard]] Result<std::optional<std::string>> remembered(Ask& ask, std::string_view name,
                                                            std::string_view sql,
                                                            std::optional<std::string> about = {},
                                                            int patience_ms = 1500);

// Every agent's chain verdict as {"agent": {verdict, entries, ...}}; nullopt: being worked out.
[[nodiscard]] Result<std::optional<std::string>> chains_of(Ask& ask);

// One agent's verdict; {"verdict":"unknown"} while it is being worked out, "none" where there is no chain.
[[nodiscard]] Result<std::string> chain_of(Ask& ask, const std::string& agent);

}  // namespace plumbline::console
