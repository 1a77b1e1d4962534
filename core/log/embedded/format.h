// Bytes of a segment file. All integers little-endian; every structure starts at a multiple of 8.
//
//   segment  = header (4096 bytes) group* zeros
//   group    = group header (32 bytes) record+          one group commit; whole or not there at all
//   record   = record header (40 bytes) key value { u32 name bytes, u32 value bytes, name, value }* padding
//
// Checksums start from the segment's random salt, so bytes a stranger put in a value can't pass for a group.
#pragma once
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/log/log.h"
#include "core/uuid.h"

namespace plumbline::log::embedded {

inline constexpr std::size_t kSegmentHeaderBytes = 4096;
inline constexpr std::size_t kGroupHeaderBytes = 32;
inline constexpr std::size_t kRecordHeaderBytes = 40;
inline constexpr std::int32_t kPartitionsMax = 256;  // their first offsets fit the segment header
inline constexpr std::size_t kHeadersMax = 256;      // headers of a record: CloudEvents needs about 12

struct SegmentHeader {
  std::uint64_t number = 0;
  std::uint64_t replaces_from = 0;      // a compacted segment stands for [replaces_from, number]
  std::uint64_t first_group = 0;        // number of its first group
  std::uint64_t previous_end = 0;       // where the segment before ends
  std::int64_t previous_newest_ms = 0;  // its newest record: retention by age without reading it
  std::uint64_t end = 0;                // of a compacted segment, which is never appended to; 0: open
  std::uint32_t salt = 0;
  Uuid incarnation;
  std::vector<std::int64_t> first_offsets;  // next offset of each partition when the segment began
};

std::string encode(const SegmentHeader& header);  // kSegmentHeaderBytes
std::optional<SegmentHeader> decode_segment(std::string_view bytes);

struct GroupHeader {
  std::uint32_t magic = 0;
  std::uint32_t header_crc = 0;  // of everything after it
  std::uint64_t number = 0;
  std::uint32_t bytes = 0;  // with this header
  std::uint32_t records = 0;
  std::uint32_t body_crc = 0;
  std::uint32_t reserved = 0;
};
static_assert(sizeof(GroupHeader) == kGroupHeaderBytes);

// `bytes` with the header. The body follows it, in one piece or as pieces are written.
void seal_group(char* group, std::uint32_t salt, std::uint64_t number, std::uint32_t bytes,
                std::uint32_t records);
void seal_group(char* header, std::span<const std::span<const char>> body, std::uint32_t salt,
                std::uint64_t number, std::uint32_t records);
// The header at `at`, when its checksum holds and the group fits `room` bytes. The body is not looked at.
std::optional<GroupHeader> group_at(const char* at, std::size_t room, std::uint32_t salt);
[[nodiscard]] bool body_holds(const char* group, const GroupHeader& header, std::uint32_t salt);

struct RecordHeader {
  std::uint32_t bytes = 0;  // with this header and padding
  std::uint32_t partition = 0;
  std::int64_t offset = 0;
  std::int64_t timestamp_ms = 0;
  std::uint32_t key_bytes = 0;
  std::uint32_t value_bytes = 0;
  std::uint32_t headers = 0;
  std::uint32_t reserved = 0;
};
static_assert(sizeof(RecordHeader) == kRecordHeaderBytes);

[[nodiscard]] std::size_t record_bytes(const Record& record);
void append_record(std::vector<char>& to, const Record& record);  // offset 0, to be set later
inline RecordHeader record_at(const char* at) {
  RecordHeader header;
  std::memcpy(&header, at, sizeof header);
  return header;
}
inline void set_offset(char* record, std::int64_t offset) {
  std::memcpy(record + offsetof(RecordHeader, offset), &offset, sizeof offset);
}
inline std::string_view key_at(const char* record, const RecordHeader& h) {
  return {record + kRecordHeaderBytes, h.key_bytes};
}
inline std::string_view value_at(const char* record, const RecordHeader& h) {
  return {record + kRecordHeaderBytes + h.key_bytes, h.value_bytes};
}
// Appends the record's headers, as views into it.
void headers_at(const char* record, const RecordHeader& h, std::vector<Header>& to);

}  // namespace plumbline::log::embedded
