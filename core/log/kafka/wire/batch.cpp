#include "core/log/kafka/wire/batch.h"

#include <algorithm>

#include <lz4frame.h>

#include "core/log/crc32c.h"

namespace plumbline::log::kafka::wire {
namespace {

constexpr std::size_t kHeadBytes = 61;
constexpr std::size_t kCrcAt = 17, kCrcFrom = 21;  // of what follows it
constexpr std::size_t kVarintMax = 10;
constexpr std::int16_t kLz4 = 3;
// Traces of 600 B in frames of 100: 0.20 us each and 0.207 of their bytes; at 0 0.27 and 0.202.
constexpr int kLevel = -4;

std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}

std::size_t varint_bytes(std::int64_t value) {
  std::size_t bytes = 1;
  for (std::uint64_t left = zigzag(value) >> 7; left != 0; left >>= 7) ++bytes;
  return bytes;
}

char* put_varint(char* to, std::int64_t value) {
  std::uint64_t left = zigzag(value);
  for (; left >= 0x80; left >>= 7) *to++ = static_cast<char>(left | 0x80);
  *to++ = static_cast<char>(left);
  return to;
}

char* put_bytes(char* to, std::string_view bytes) {
  to = put_varint(to, static_cast<std::int64_t>(bytes.size()));
  std::copy(bytes.begin(), bytes.end(), to);
  return to + bytes.size();
}

std::size_t field_bytes(std::string_view field) {
  return varint_bytes(static_cast<std::int64_t>(field.size())) + field.size();
}

// Kafka's readers want blocks that do not depend on each other.
LZ4F_preferences_t preferences(std::size_t bytes) {
  LZ4F_preferences_t set{};
  set.frameInfo.blockSizeID = bytes <= (64U << 10) ? LZ4F_max64KB : LZ4F_max256KB;
  set.frameInfo.blockMode = LZ4F_blockIndependent;
  set.compressionLevel = kLevel;
  return set;
}

}  // namespace

Batch::Batch(Time begun, Room room) : room_(std::move(room)), begun_(begun) {
  room_.bytes.resize(kHeadBytes);
  room_.slots.clear();
}

std::size_t Batch::bytes_of(const Record& record) {
  std::size_t bytes = 6 * kVarintMax + record.key.size() + record.value.size();
  for (const Header& header : record.headers)
    bytes += 2 * kVarintMax + header.name.size() + header.value.size();
  return bytes;
}

void Batch::add(const Record& record, Slot* slot) {
  if (room_.slots.empty()) first_ms_ = last_ms_ = record.timestamp_ms;
  last_ms_ = std::max(last_ms_, record.timestamp_ms);
  const std::int64_t time = record.timestamp_ms - first_ms_, offset = count();
  const auto headers = static_cast<std::int64_t>(record.headers.size());
  std::size_t tail = varint_bytes(headers);
  for (const Header& header : record.headers) tail += field_bytes(header.name) + field_bytes(header.value);
  const std::size_t value = record.value.empty() ? 1 : field_bytes(record.value);
  const std::size_t body =
      1 + varint_bytes(time) + varint_bytes(offset) + field_bytes(record.key) + value + tail;
  const std::size_t total = varint_bytes(static_cast<std::int64_t>(body)) + body;

  std::string& out = room_.bytes;
  const std::size_t at = out.size(), head = total - tail - record.value.size();
  if (out.capacity() < at + total) out.reserve(std::max(2 * out.capacity(), at + total));
  out.resize(at + head);
  char* to = put_varint(out.data() + at, static_cast<std::int64_t>(body));
  *to++ = 0;  // attributes
  to = put_varint(to, time);
  to = put_varint(to, offset);
  to = put_bytes(to, record.key);
  // A null value, not an empty one, is what Kafka's compaction takes for a tombstone.
  put_varint(to, record.value.empty() ? -1 : static_cast<std::int64_t>(record.value.size()));
  out += record.value;  // not made zero first
  out.resize(at + total);
  to = put_varint(out.data() + at + total - tail, headers);
  for (const Header& header : record.headers) to = put_bytes(put_bytes(to, header.name), header.value);
  room_.slots.push_back(slot);
  grown_ += total;
}

void Batch::seal(Identity identity, std::int32_t sequence, std::string& scratch) {
  sealed_ = true;
  std::int16_t attributes = 0;
  const LZ4F_preferences_t set = preferences(grown_);
  const std::size_t bound = LZ4F_compressFrameBound(grown_, &set);
  if (scratch.size() < bound) scratch.resize(bound);
  const std::size_t bytes =
      LZ4F_compressFrame(scratch.data(), scratch.size(), room_.bytes.data() + kHeadBytes, grown_, &set);
  if (LZ4F_isError(bytes) == 0 && bytes < grown_) {
    std::copy_n(scratch.data(), bytes, room_.bytes.data() + kHeadBytes);
    room_.bytes.resize(kHeadBytes + bytes);
    attributes = kLz4;
  }
  char* head = room_.bytes.data();
  put64(head, 0);                                                       // base offset: the broker's
  put32(head + 8, static_cast<std::int32_t>(room_.bytes.size() - 12));  // bytes behind this
  put32(head + 12, -1);                                                 // leader's epoch: the broker's
  head[16] = 2;                                                         // version of the format
  put16(head + 21, attributes);
  put32(head + 23, count() - 1);
  put64(head + 27, first_ms_);
  put64(head + 35, last_ms_);
  put64(head + 43, identity.id);
  put16(head + 51, identity.epoch);
  put32(head + 53, sequence);
  put32(head + 57, count());
  put32(head + kCrcAt,
        static_cast<std::int32_t>(crc32c(0, room_.bytes.data() + kCrcFrom, room_.bytes.size() - kCrcFrom)));
}

}  // namespace plumbline::log::kafka::wire
