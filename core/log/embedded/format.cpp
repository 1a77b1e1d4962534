#include "core/log/embedded/format.h"

#include <algorithm>

#include "core/log/crc32c.h"

namespace plumbline::log::embedded {
namespace {

constexpr std::uint32_t kGroupMagic = 0x47424c50;               // "PLBG"
constexpr std::uint64_t kSegmentMagic = 0x313047455342504cULL;  // "LPBSEG01"
constexpr std::size_t kFixedWords = 8;

void put_u64(std::string& to, std::uint64_t v) {
  to.append(reinterpret_cast<const char*>(&v), 8);
}

}  // namespace

std::string encode(const SegmentHeader& h) {
  std::string out;
  put_u64(out, kSegmentMagic);
  for (const std::uint64_t v : {h.number, h.replaces_from, h.first_group, h.previous_end,
                                static_cast<std::uint64_t>(h.previous_newest_ms), h.end,
                                std::uint64_t{h.salt} | std::uint64_t{h.first_offsets.size()} << 32}) {
    put_u64(out, v);
  }
  out.append(reinterpret_cast<const char*>(h.incarnation.bytes.data()), 16);
  for (const std::int64_t offset : h.first_offsets) put_u64(out, static_cast<std::uint64_t>(offset));
  out.resize(kSegmentHeaderBytes - 4, '\0');
  const std::uint32_t crc = crc32c(0, out.data(), out.size());
  out.append(reinterpret_cast<const char*>(&crc), 4);
  return out;
}

std::optional<SegmentHeader> decode_segment(std::string_view bytes) {
  if (bytes.size() < kSegmentHeaderBytes) return std::nullopt;
  std::uint32_t crc = 0;
  std::memcpy(&crc, bytes.data() + kSegmentHeaderBytes - 4, 4);
  std::uint64_t words[kFixedWords];
  std::memcpy(words, bytes.data(), sizeof words);
  if (words[0] != kSegmentMagic || crc != crc32c(0, bytes.data(), kSegmentHeaderBytes - 4))
    return std::nullopt;
  SegmentHeader h{words[1], words[2], words[3], words[4], static_cast<std::int64_t>(words[5]),
                  words[6], 0,        {},       {}};
  h.salt = static_cast<std::uint32_t>(words[7]);
  const auto partitions = static_cast<std::size_t>(words[7] >> 32);
  if (partitions > static_cast<std::size_t>(kPartitionsMax)) return std::nullopt;
  std::memcpy(h.incarnation.bytes.data(), bytes.data() + sizeof words, 16);
  h.first_offsets.resize(partitions);
  std::memcpy(h.first_offsets.data(), bytes.data() + sizeof words + 16, partitions * 8);
  return h;
}

void seal_group(char* group, std::uint32_t salt, std::uint64_t number, std::uint32_t bytes,
                std::uint32_t records) {
  const std::span<const char> body(group + kGroupHeaderBytes, bytes - kGroupHeaderBytes);
  seal_group(group, {&body, 1}, salt, number, records);
}

void seal_group(char* header, std::span<const std::span<const char>> body, std::uint32_t salt,
                std::uint64_t number, std::uint32_t records) {
  GroupHeader h{kGroupMagic, 0, number, kGroupHeaderBytes, records, salt, 0};
  for (const std::span<const char> piece : body) {
    h.body_crc = crc32c(h.body_crc, piece.data(), piece.size());
    h.bytes += static_cast<std::uint32_t>(piece.size());
  }
  h.header_crc = crc32c(salt, &h.number, sizeof h - 8);
  std::memcpy(header, &h, sizeof h);
}

std::optional<GroupHeader> group_at(const char* at, std::size_t room, std::uint32_t salt) {
  if (room < kGroupHeaderBytes) return std::nullopt;
  GroupHeader h;
  std::memcpy(&h, at, sizeof h);
  if (h.magic != kGroupMagic || h.bytes < kGroupHeaderBytes || h.bytes > room) return std::nullopt;
  if (h.header_crc != crc32c(salt, &h.number, sizeof h - 8)) return std::nullopt;
  return h;
}

bool body_holds(const char* group, const GroupHeader& h, std::uint32_t salt) {
  return h.body_crc == crc32c(salt, group + kGroupHeaderBytes, h.bytes - kGroupHeaderBytes);
}

std::size_t record_bytes(const Record& record) {
  std::size_t bytes = kRecordHeaderBytes + record.key.size() + record.value.size();
  for (const Header& h : record.headers) bytes += 8 + h.name.size() + h.value.size();
  return (bytes + 7) & ~std::size_t{7};
}

void append_record(std::vector<char>& to, const Record& record) {
  const std::size_t start = to.size();
  RecordHeader h;
  h.bytes = static_cast<std::uint32_t>(record_bytes(record));
  h.partition = static_cast<std::uint32_t>(record.partition);
  h.timestamp_ms = record.timestamp_ms;
  h.key_bytes = static_cast<std::uint32_t>(record.key.size());
  h.value_bytes = static_cast<std::uint32_t>(record.value.size());
  h.headers = static_cast<std::uint32_t>(record.headers.size());
  if (to.capacity() < start + h.bytes) to.reserve(std::max(start + h.bytes, 2 * to.capacity()));
  const auto add = [&to](const void* data, std::size_t n) {
    const char* const from = static_cast<const char*>(data);
    to.insert(to.end(), from, from + n);
  };
  add(&h, sizeof h);
  add(record.key.data(), record.key.size());
  add(record.value.data(), record.value.size());  // by far the largest: it is not zeroed first
  const std::size_t behind = to.size();
  to.resize(start + h.bytes);  // zeros, so that the padding is
  char* at = to.data() + behind;
  const auto put = [&at](const void* data, std::size_t n) {
    if (n > 0) std::memcpy(at, data, n);
    at += n;
  };
  for (const Header& header : record.headers) {
    const std::uint32_t sizes[2] = {static_cast<std::uint32_t>(header.name.size()),
                                    static_cast<std::uint32_t>(header.value.size())};
    put(sizes, sizeof sizes);
    put(header.name.data(), header.name.size());
    put(header.value.data(), header.value.size());
  }
}

void headers_at(const char* record, const RecordHeader& h, std::vector<Header>& to) {
  const char* at = record + kRecordHeaderBytes + h.key_bytes + h.value_bytes;
  for (std::uint32_t i = 0; i < h.headers; ++i) {
    std::uint32_t sizes[2];
    std::memcpy(sizes, at, sizeof sizes);
    at += sizeof sizes;
    to.push_back({{at, sizes[0]}, {at + sizes[0], sizes[1]}});
    at += sizes[0] + sizes[1];
  }
}

}  // namespace plumbline::log::embedded
