// Any bytes as a broker's answer: read within their end or refused. Records cut out of the input become a
// batch, whose bytes, unpacked and read by the documents, are those records.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <lz4frame.h>

#include "core/log/crc32c.h"
#include "core/log/kafka/wire/batch.h"
#include "core/log/kafka/wire/messages.h"

namespace {

using namespace plumbline;
using namespace plumbline::log::kafka;

void must(bool holds) {
  if (!holds) std::abort();
}

void read_answers(std::string_view bytes) {
  std::vector<wire::Produced> produced;
  (void)wire::read_versions(bytes);
  (void)wire::read_identity(bytes);
  if (wire::read_produced(bytes, produced)) must(produced.size() <= bytes.size() / 30);
  if (const auto cluster = wire::read_metadata(bytes)) {
    must(cluster->nodes.size() <= bytes.size() / 12);
    must(cluster->leaders.size() <= bytes.size() / 18);
  }
}

std::string unpacked(std::string_view packed) {
  LZ4F_dctx* context = nullptr;
  must(LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)) == 0);
  std::string out;
  std::array<char, 4096> piece;
  std::size_t left = 1;
  while (left != 0) {
    std::size_t room = piece.size(), taken = packed.size();
    left = LZ4F_decompress(context, piece.data(), &room, packed.data(), &taken, nullptr);
    must(LZ4F_isError(left) == 0 && (room > 0 || taken > 0));
    out.append(piece.data(), room);
    packed.remove_prefix(taken);
  }
  must(packed.empty());
  LZ4F_freeDecompressionContext(context);
  return out;
}

class Records {
 public:
  explicit Records(std::string_view in) : in_(in) {}
  std::int64_t varint() {
    std::uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      must(shift < 64 && !in_.empty());
      const auto byte = static_cast<unsigned char>(in_.front());
      in_.remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
  }
  std::string_view bytes(std::int64_t count) {
    must(count >= 0 && static_cast<std::size_t>(count) <= in_.size());
    const std::string_view found = in_.substr(0, static_cast<std::size_t>(count));
    in_.remove_prefix(found.size());
    return found;
  }
  [[nodiscard]] std::size_t left() const { return in_.size(); }

 private:
  std::string_view in_;
};

struct Given {
  std::string_view key, value;
  std::vector<log::Header> headers;
  std::int64_t time = 0;
};

// Pieces whose lengths are bytes of the input.
std::vector<Given> cut(std::string_view bytes) {
  const auto piece = [&] {
    if (bytes.empty()) return bytes;
    const auto wanted = static_cast<std::size_t>(static_cast<unsigned char>(bytes.front())) * 8;
    const std::string_view found = bytes.substr(1, wanted);
    bytes.remove_prefix(1 + found.size());
    return found;
  };
  std::vector<Given> all;
  while (!bytes.empty()) {
    Given one;
    one.time = static_cast<signed char>(bytes.front()) * 1'000'000'007LL;
    one.key = piece();
    one.value = piece();
    for (int headers = bytes.empty() ? 0 : bytes.front() % 4; headers > 0; --headers) {
      const std::string_view name = piece();
      one.headers.push_back({name, piece()});
    }
    all.push_back(std::move(one));
  }
  return all;
}

void write_batch(std::string_view bytes) {
  const std::vector<Given> given = cut(bytes);
  if (given.empty()) return;
  static std::string scratch;
  static wire::Batch::Room room;
  Slot slot;
  wire::Batch batch({}, std::move(room));
  for (const Given& one : given) batch.add({"topic", 0, one.key, one.value, one.headers, one.time}, &slot);
  const std::size_t grown = batch.bytes();
  batch.seal({1, 0}, 0, scratch);
  const std::string_view wire = batch.wire();
  must(wire.size() >= 61 && wire.size() <= 61 + grown);
  wire::Reader head(wire.substr(8));
  must(static_cast<std::size_t>(head.i32()) == wire.size() - 12);
  wire::Reader sums(wire.substr(17));
  must(static_cast<std::uint32_t>(sums.i32()) == log::crc32c_table(0, wire.data() + 21, wire.size() - 21));
  const bool packed = sums.i16() == 3;
  const std::string plain = packed ? unpacked(wire.substr(61)) : std::string(wire.substr(61));
  must(plain.size() == grown);
  Records records(plain);
  for (std::size_t i = 0; i < given.size(); ++i) {
    Records body(records.bytes(records.varint()));
    must(body.bytes(1) == std::string_view("\0", 1));
    must(body.varint() == given[i].time - given[0].time);
    must(body.varint() == static_cast<std::int64_t>(i));
    must(body.bytes(body.varint()) == given[i].key);
    const std::int64_t value = body.varint();
    must(value == (given[i].value.empty() ? -1 : static_cast<std::int64_t>(given[i].value.size())));
    if (value > 0) must(body.bytes(value) == given[i].value);
    must(body.varint() == static_cast<std::int64_t>(given[i].headers.size()));
    for (const log::Header& header : given[i].headers) {
      must(body.bytes(body.varint()) == header.name);
      must(body.bytes(body.varint()) == header.value);
    }
    must(body.left() == 0);
  }
  must(records.left() == 0);
  room = batch.give_up_room();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  read_answers(bytes);
  write_batch(bytes);
  return 0;
}
