// Every bound that more than one folder shares, with its reason. A bound of one folder stands in that folder.
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace plumbline::limits {

using namespace std::chrono_literals;

// A request body after decompression: room for two largest reports, small enough that 1,000 slow clients fit
// in memory only because bodies are admitted against a budget (see edge options).
inline constexpr std::size_t kBodyBytesMax = std::size_t{16} << 20;
// One trace line. PostgreSQL and every peer take it; the largest real AtlasBridge entry is under 4 KiB.
inline constexpr std::size_t kTraceBytesMax = std::size_t{1} << 20;
// One report line: a Rigour report of a large monorepo with all its failures.
inline constexpr std::size_t kReportBytesMax = std::size_t{8} << 20;
// One record of the log: a whole request whose lines share a key may become one frame (16 MiB), plus headers
// and key.
inline constexpr std::size_t kRecordBytesMax = kBodyBytesMax + (std::size_t{64} << 10);
// Traces of one request; bounds the response and the per-request vectors.
inline constexpr std::size_t kTracesPerRequestMax = 10000;
// JSON nesting: PostgreSQL's jsonb survives more, but nobody's trace needs it (TRAPS: very deep nesting).
inline constexpr int kJsonDepthMax = 64;
// A number's text: more digits than any double or 64-bit integer needs; stops 131 MB prints (TRAPS: number
// bombs).
inline constexpr std::size_t kNumberCharsMax = 64;
inline constexpr int kNumberExponentMax = 308;
// Names: agent, session, repo, branch, commit, version. Long enough for a repo URL and a ref, short enough
// for an index.
inline constexpr std::size_t kNameBytesMax = 512;
// Standard Webhooks: tolerance either way, signatures a header may list (TRAPS: cap the list).
inline constexpr std::chrono::seconds kSignatureTolerance = 300s;
inline constexpr std::size_t kSignaturesMax = 8;
// An event's time may be this far ahead of its receipt.
inline constexpr std::chrono::seconds kEventAheadMax = 300s;
// A tenant's retention: bounds day partitions (3,660 days: ten years).
inline constexpr int kRetentionDaysMax = 3660;
inline constexpr int kRetentionDaysDefault = 400;

}  // namespace plumbline::limits
