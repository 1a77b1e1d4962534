// Name-based UUIDs (RFC 9562, version 5) and the identities that Plumbline derives from content, so that
// sending the same thing twice gives the same id. docs/adr/0005-decision-identity.md says why these fields.
// Thread-safe.
#pragma once
#include <string_view>

#include "core/ids.h"
#include "core/time.h"
#include "core/uuid.h"

namespace plumbline::crypto {

// RFC 9562, appendix: the name space of URLs.
inline constexpr Uuid kUrlNamespace{
    {0x6b, 0xa7, 0xb8, 0x11, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8}};
// What the name spaces below are made from: UUIDv5(kUrlNamespace, URL). Never change them: ids would
// change.
inline constexpr std::string_view kDecisionNamespaceUrl = "https://plumbline.dev/ns/decision";
inline constexpr std::string_view kReportNamespaceUrl = "https://plumbline.dev/ns/report";
inline constexpr std::string_view kSpanNamespaceUrl = "https://plumbline.dev/ns/span";

[[nodiscard]] Uuid uuid5(const Uuid& name_space, std::string_view name);

// Name: agent, LF, entry_hash. `entry_hash` is the entry's own `hash`; for an entry without one, the
// lower-case hexadecimal SHA-256 of its line without surrounding white space.
[[nodiscard]] EventId decision_id(std::string_view agent, std::string_view entry_hash);

// Name: repo, LF, commit, LF, time as format_rfc3339 prints it, LF, lower-case hexadecimal SHA-256 of the
// body. `body` is the report as the gate wrote it, without surrounding white space.
[[nodiscard]] EventId report_id(std::string_view repo, std::string_view commit, TimeUs time,
                                std::string_view body);

// Name: agent, LF, trace id, LF, span id. A log record has no id of its own: there `span_id` is what its
// sender makes of its content.
[[nodiscard]] EventId span_id(std::string_view agent, std::string_view trace_id, std::string_view span_id);

}  // namespace plumbline::crypto
