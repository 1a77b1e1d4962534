// Bytes as they are on disk and on the owner's socket.
#include "core/log/embedded/format.h"

#include <string>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/log/crc32c.h"
#include "core/log/embedded/socket_server.h"

namespace plumbline::log::embedded {
namespace {

TEST(Crc32c, KnownValuesAndHardwareAgreesWithTheTable) {
  EXPECT_EQ(crc32c_table(0, "123456789", 9), 0xe3069283U);
  const std::string zeros(32, '\0');
  EXPECT_EQ(crc32c(0, zeros.data(), zeros.size()), 0x8a9136aaU);  // RFC 3720, B.4
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    for (std::size_t from = 0; from < 9 && from <= bytes.size(); ++from) {
      const std::size_t n = bytes.size() - from;
      ASSERT_EQ(crc32c(77, bytes.data() + from, n), crc32c_table(77, bytes.data() + from, n));
    }
    bytes.push_back(static_cast<char>(i * 37 + 11));
  }
  EXPECT_EQ(crc32c(crc32c(0, "1234", 4), "56789", 5), crc32c(0, "123456789", 9));
  // Around every multiple of what is done side by side, from every place of a word.
  for (int i = 0; i < 5000; ++i) bytes.push_back(static_cast<char>(i * 131 + i / 7));
  for (std::size_t n = 180; n + 8 < bytes.size(); n += n % 192 < 184 && n % 1536 > 16 ? 7 : 1) {
    ASSERT_EQ(crc32c(5, bytes.data() + n % 8, n), crc32c_table(5, bytes.data() + n % 8, n)) << n;
  }
}

TEST(Format, ARecordComesBackAndAGroupHoldsOnlyUntouched) {
  const Header headers[] = {{"a", std::string_view("\0\xff", 2)}, {"", ""}};
  std::vector<char> group(kGroupHeaderBytes);
  append_record(group, {"t", 3, "key", "value!", headers, 42});
  ASSERT_EQ(group.size(), kGroupHeaderBytes + record_bytes({"t", 3, "key", "value!", headers, 42}));
  ASSERT_EQ(group.size() % 8, 0U);
  set_offset(group.data() + kGroupHeaderBytes, 9);
  seal_group(group.data(), 5, 1, static_cast<std::uint32_t>(group.size()), 1);
  const char* record = group.data() + kGroupHeaderBytes;
  const RecordHeader h = record_at(record);
  EXPECT_EQ(h.partition, 3U);
  EXPECT_EQ(h.offset, 9);
  EXPECT_EQ(h.timestamp_ms, 42);
  EXPECT_EQ(key_at(record, h), "key");
  EXPECT_EQ(value_at(record, h), "value!");
  std::vector<Header> back;
  headers_at(record, h, back);
  ASSERT_EQ(back.size(), 2U);
  EXPECT_EQ(back[0].value, std::string_view("\0\xff", 2));
  EXPECT_EQ(back[1].name, "");
  const auto whole = [&group](std::uint32_t salt) {
    const auto found = group_at(group.data(), group.size(), salt);
    return found && body_holds(group.data(), *found, salt);
  };
  EXPECT_TRUE(whole(5));
  EXPECT_FALSE(whole(6)) << "another segment's salt";
  EXPECT_FALSE(group_at(group.data(), group.size() - 1, 5)) << "cut short";
  for (std::size_t i = 8; i < group.size(); ++i) {
    group[i] = static_cast<char>(group[i] ^ 1);
    EXPECT_FALSE(whole(5)) << "byte " << i;
    group[i] = static_cast<char>(group[i] ^ 1);
  }
}

TEST(Format, ASegmentHeaderComesBackAndDamageIsSeen) {
  SegmentHeader header;
  header.number = 7;
  header.previous_end = 4711;
  header.salt = 99;
  header.first_offsets = {1, 2, std::int64_t{1} << 40};
  std::string bytes = encode(header);
  ASSERT_EQ(bytes.size(), kSegmentHeaderBytes);
  const auto back = decode_segment(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->number, 7U);
  EXPECT_EQ(back->previous_end, 4711U);
  EXPECT_EQ(back->salt, 99U);
  EXPECT_EQ(back->first_offsets, header.first_offsets);
  bytes[100] ^= 1;
  EXPECT_FALSE(decode_segment(bytes));
}

TEST(SocketFrames, BoundsHold) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  char kind = 0;
  std::string body;
  EXPECT_TRUE(send_frame(ends[0], 2, "abc"));
  EXPECT_TRUE(receive_frame(ends[1], kind, body));
  EXPECT_EQ(kind, 2);
  EXPECT_EQ(body, "abc");
  const char huge[5] = {'\xff', '\xff', '\xff', '\xff', 1};
  ASSERT_EQ(write(ends[0], huge, sizeof huge), 5);
  EXPECT_FALSE(receive_frame(ends[1], kind, body)) << "4 GiB are not waited for";
  close(ends[0]);
  close(ends[1]);
  std::string words;
  put_word(words, "hello");
  std::string_view word;
  for (std::size_t n = 0; n < words.size(); ++n) {
    std::string_view cut = std::string_view(words).substr(0, n);
    EXPECT_FALSE(take_word(cut, word)) << n;
  }
  std::string_view all = words;
  EXPECT_TRUE(take_word(all, word));
  EXPECT_EQ(word, "hello");
  EXPECT_TRUE(all.empty());
}

}  // namespace
}  // namespace plumbline::log::embedded
