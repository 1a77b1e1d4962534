// What health remembers of counted lines, and the lines that wait for persist's word: health_windows,
// health_horizons and health_pending (schemas/sql/0030_health.sql says what they mean).
#pragma once
#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/pg/connection.h"
#include "core/result.h"
#include "core/time.h"
#include "sinks/postgres/trace_store.h"

namespace plumbline::postgres {

// A hash of (tenant, time, id). Stored: a change of its making must empty health_windows into the horizon.
struct Fingerprint {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  auto operator<=>(const Fingerprint&) const = default;
};

// `topic` is its number in log_topics.
struct WindowKey {
  std::int16_t topic = 0;
  std::int32_t partition = 0;
  auto operator<=>(const WindowKey&) const = default;
};

struct WindowPiece {
  std::int64_t seq = 0;
  TimeUs time_max{INT64_MIN};
  std::vector<Fingerprint> prints;
};

// Pieces with a seq above `after`, oldest first, some at a time; empty: there are no more.
Result<std::vector<WindowPiece>> load_pieces(pg::Connection& connection, const WindowKey& key,
                                             std::int64_t after);
// Nothing: the window has everything that was ever counted.
Result<std::optional<TimeUs>> load_horizon(pg::Connection& connection, const WindowKey& key);
// What belongs to a connection: number of the type in which pieces are handed over.
struct WindowSession {
  std::uint32_t piece_type = 0;
};
// Once after every connect.
Result<WindowSession> prepare_window_session(pg::Connection& connection);
// Makes the pieces, or adds to those that are there. Each key once, rising.
Status add_pieces(pg::Connection& connection, const WindowSession& session,
                  std::span<const std::pair<WindowKey, const WindowPiece*>> pieces);
// Drops the pieces up to a seq; the horizon rises to `time_max`.
Status drop_pieces(pg::Connection& connection, const WindowKey& key, std::int64_t upto, TimeUs time_max);

struct PendingLine {
  Address address;
  TraceKey key;
  std::string_view line;
};
Status add_pending(pg::Connection& connection, std::span<const PendingLine> lines);

struct DueLine {
  Address address;
  TraceKey key;
  bool stored = false;  // persist stored the line of this very address
  std::string line;
};
// Lines that persist has passed, at most `most`, locked until the transaction ends; those that another member
// holds are left out.
Result<std::vector<DueLine>> take_due(pg::Connection& connection, std::size_t most);
Status drop_pending(pg::Connection& connection, std::span<const DueLine> lines);

}  // namespace plumbline::postgres
