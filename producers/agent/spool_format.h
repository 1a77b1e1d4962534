// How the agent's queue lies on disk: segments named by a rising number, each a run of frames. Pure.
//
// A frame is a head (magic, CRC-32C, length, kind; little-endian) and one line, or many lines packed together
// (then the head says how many, too). The magic lets a reader find the next frame behind damage, so that a
// bad sector costs its own frames only.
#pragma once
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/limits.h"

namespace plumbline::agent {

inline constexpr std::size_t kFrameHeadBytes = 16;
inline constexpr std::size_t kPackedHeadBytes = 24;
inline constexpr std::size_t kFrameLineMax = limits::kReportBytesMax;  // the largest that the edge takes

// One event as it will be sent.
struct Item {
  bool report = false;  // goes to /api/v1/reports, everything else to /api/v1/traces
  std::string line;     // one JSON object without a raw line end
};

// Events that were offered together, as they lie in one frame.
struct Block {
  bool report = false;
  bool packed = false;
  std::uint32_t items = 1;
  std::uint32_t raw_bytes = 0;  // of its lines, each with a line end
  std::string bytes;            // one line without its end; packed: a zstd frame of lines, each with its end

  [[nodiscard]] static Block of(Item item) {
    const auto raw_bytes = static_cast<std::uint32_t>(item.line.size() + 1);
    return {item.report, false, 1, raw_bytes, std::move(item.line)};
  }
};

struct Position {
  std::uint64_t segment = 0;  // 0: before the first
  std::uint64_t offset = 0;   // of a frame
  std::uint64_t item = 0;     // of that frame: those before it are done
  auto operator<=>(const Position&) const = default;
};

void append_frame(std::string& out, const Block& block);
[[nodiscard]] std::size_t frame_bytes(const Block& block);

struct Frame {
  bool report = false;
  bool packed = false;
  std::uint32_t items = 1;
  std::uint32_t raw_bytes = 0;
  std::string_view body;  // of the text it was read from
  std::size_t bytes = 0;  // with its head
};

enum class FrameState : std::uint8_t { kWhole, kShort, kDamaged };

// The frame at the front of `text`. kShort: more bytes are needed to tell.
[[nodiscard]] FrameState read_frame(std::string_view text, Frame& frame);
// Bytes to skip to the next place in `text` (behind its first byte) where a frame may begin.
[[nodiscard]] std::size_t next_frame(std::string_view text);

// Where the reader is, as its file holds it: always as many bytes, with a checksum. nullopt: half written or
// none, so everything is sent again and counted once.
[[nodiscard]] std::string cursor_text(const Position& position);
[[nodiscard]] std::optional<Position> parse_cursor(std::string_view text);

[[nodiscard]] std::string segment_name(std::uint64_t number);
[[nodiscard]] std::optional<std::uint64_t> segment_number(std::string_view name);

}  // namespace plumbline::agent
