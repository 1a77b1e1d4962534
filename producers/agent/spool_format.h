// How the agent's queue lies on disk: segments named by a rising number, each a run of frames. Pure.
//
// A frame is 16 bytes (magic, CRC-32C, length of the line, kind; little-endian) and the line. The magic lets
// a reader find the next frame behind damage, so that a bad sector costs its own frames only.
#pragma once
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/limits.h"

namespace plumbline::agent {

inline constexpr std::size_t kFrameHeadBytes = 16;
inline constexpr std::size_t kFrameLineMax = limits::kReportBytesMax;  // the largest that the edge takes

// One event as it will be sent.
struct Item {
  bool report = false;  // goes to /api/v1/reports, everything else to /api/v1/traces
  std::string line;     // one JSON object without a raw line end
};

struct Position {
  std::uint64_t segment = 0;  // 0: before the first
  std::uint64_t offset = 0;
  auto operator<=>(const Position&) const = default;
};

void append_frame(std::string& out, const Item& item);
[[nodiscard]] std::size_t frame_bytes(const Item& item);

struct Frame {
  bool report = false;
  std::string_view line;  // of the text it was read from
  std::size_t bytes = 0;  // with its head
};

enum class FrameState : std::uint8_t { kWhole, kShort, kDamaged };

// The frame at the front of `text`. kShort: more bytes are needed to tell.
[[nodiscard]] FrameState read_frame(std::string_view text, Frame& frame);
// Bytes to skip to the next place in `text` (behind its first byte) where a frame may begin.
[[nodiscard]] std::size_t next_frame(std::string_view text);

[[nodiscard]] std::string segment_name(std::uint64_t number);
[[nodiscard]] std::optional<std::uint64_t> segment_number(std::string_view name);

}  // namespace plumbline::agent
