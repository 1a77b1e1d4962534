#include "sinks/postgres/health_windows.h"

#include <algorithm>
#include <charconv>

#include "sinks/postgres/trace_store_arrays.h"
#include "sinks/postgres/trace_store_records.h"

namespace plumbline::postgres {
namespace {

constexpr std::size_t kPrintBytes = 16;
// Pieces may hold a whole batch each: so many keep a page of them small.
constexpr const char* kLoad =
    "SELECT seq, (extract(epoch FROM time_max) * 1000000)::bigint, encode(fingerprints, 'hex') "
    "FROM plumbline.health_windows WHERE topic = $1::int2 AND log_partition = $2::int4 AND seq > $3::int8 "
    "ORDER BY seq LIMIT 8";
constexpr const char* kHorizon =
    "SELECT (extract(epoch FROM time_max) * 1000000)::bigint FROM plumbline.health_horizons "
    "WHERE topic = $1::int2 AND log_partition = $2::int4";
// Never holds a row: its row type is that of the arrays that pieces come in.
constexpr const char* kPieceRows =
    "CREATE TEMP TABLE IF NOT EXISTS health_piece_row (topic int2, log_partition int4, seq int8, time_max "
    "timestamptz, fingerprints bytea)";
constexpr const char* kPieceType = "SELECT 'pg_temp.health_piece_row'::regtype::oid";
constexpr std::uint32_t kPieceColumns = 5;
constexpr const char* kAdd =
    "INSERT INTO plumbline.health_windows AS h (topic, log_partition, seq, time_max, fingerprints) "
    "SELECT topic, log_partition, seq, time_max, fingerprints FROM unnest($1::pg_temp.health_piece_row[]) "
    "ON CONFLICT (topic, log_partition, seq) DO UPDATE SET fingerprints = h.fingerprints || "
    "excluded.fingerprints, time_max = greatest(h.time_max, excluded.time_max)";
constexpr const char* kDrop =
    "WITH dropped AS (DELETE FROM plumbline.health_windows WHERE topic = $1::int2 AND log_partition = "
    "$2::int4 "
    "AND seq <= $3::int8) "
    "INSERT INTO plumbline.health_horizons AS h VALUES ($1::int2, $2::int4, $4::timestamptz) "
    "ON CONFLICT (topic, log_partition) DO UPDATE SET time_max = greatest(h.time_max, "
    "excluded.time_max)";
constexpr const char* kPend =
    "INSERT INTO plumbline.health_pending (topic, log_partition, log_offset, log_index, tenant_id, time, id, "
    "line) SELECT * FROM unnest($1::int2[], $2::int4[], $3::int8[], $4::int4[], $5::uuid[], "
    "$6::timestamptz[], $7::uuid[], $8::text[]) ON CONFLICT DO NOTHING";
// Persist's position and its rows are of one snapshot: what it has passed is there, was removed by age, or
// never will be. Partition by partition through the primary key: sorting all that is due took seconds a step
// with 300,000 lines.
constexpr const char* kDue =
    "WITH due AS MATERIALIZED (SELECT p.* FROM plumbline.positions s JOIN plumbline.log_topics n ON n.name = "
    "s.topic "
    "CROSS JOIN LATERAL (SELECT * FROM plumbline.health_pending w WHERE w.topic = n.id AND w.log_partition = "
    "s.partition "
    "AND w.log_offset < s.next_offset ORDER BY w.topic, w.log_partition, w.log_offset, w.log_index LIMIT "
    "$1::int8 "
    "FOR UPDATE SKIP LOCKED) p WHERE s.consumer = 'persist' LIMIT $1::int8) "
    "SELECT d.topic, d.log_partition, d.log_offset, d.log_index, d.tenant_id, "
    "(extract(epoch FROM d.time) * 1000000)::bigint, d.id, d.line, (CASE d.topic WHEN 1 THEN EXISTS (SELECT "
    "FROM plumbline.traces t WHERE t.time = d.time AND t.tenant_id = d.tenant_id AND t.id = d.id "
    "AND (t.topic, t.log_partition, t.log_offset, t.log_index) = (d.topic, d.log_partition, d.log_offset, "
    "d.log_index)) ELSE EXISTS (SELECT FROM plumbline.reports t WHERE t.time = d.time AND t.tenant_id = "
    "d.tenant_id AND t.id = d.id AND (t.topic, t.log_partition, t.log_offset, t.log_index) = (d.topic, "
    "d.log_partition, d.log_offset, d.log_index)) END)::int FROM due d";
constexpr const char* kSettle =
    "DELETE FROM plumbline.health_pending p USING unnest($1::int2[], $2::int4[], $3::int8[], $4::int4[]) AS "
    "s "
    "(topic, part, at, line) WHERE p.topic = s.topic AND p.log_partition = s.part AND p.log_offset = s.at "
    "AND "
    "p.log_index = s.line";
// Lines of one statement: both bound its parameters.
constexpr std::size_t kLinesMax = 2000;
constexpr std::size_t kLineBytesMax = std::size_t{4} << 20;

// As they are stored: the bytes that a hexadecimal number would be written with.
void put(std::string& out, std::uint64_t value) {
  char bytes[8];
  for (int i = 0; i < 8; ++i) bytes[i] = static_cast<char>(value >> (56 - 8 * i) & 0xff);
  out.append(bytes, sizeof bytes);
}

std::uint64_t hex(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return value;
}

struct KeyText {
  explicit KeyText(const WindowKey& key)
      : topic(std::to_string(key.topic)), partition(std::to_string(key.partition)) {}
  std::string topic, partition;
};

struct AddressArrays {
  void add(const Address& at) {
    topics.add(at.topic);
    partitions.add(at.partition);
    offsets.add(at.offset);
    indexes.add(at.index);
  }
  TextArray topics, partitions, offsets, indexes;
};

}  // namespace

Result<std::vector<WindowPiece>> load_pieces(pg::Connection& connection, const WindowKey& key,
                                             std::int64_t after) {
  const KeyText text(key);
  auto rows = connection.query(kLoad, {text.topic, text.partition, std::to_string(after)});
  if (!rows) return rows.error();
  std::vector<WindowPiece> pieces;
  for (int row = 0; row < rows->size(); ++row) {
    WindowPiece& piece = pieces.emplace_back();
    piece.seq = rows->integer(row, 0);
    piece.time_max = {rows->integer(row, 1)};
    const std::string_view digits = rows->text(row, 2);
    piece.prints.reserve(digits.size() / (2 * kPrintBytes));
    for (std::size_t i = 0; i + 2 * kPrintBytes <= digits.size(); i += 2 * kPrintBytes) {
      piece.prints.push_back(
          {hex(digits.substr(i, kPrintBytes)), hex(digits.substr(i + kPrintBytes, kPrintBytes))});
    }
  }
  return pieces;
}

Result<std::optional<TimeUs>> load_horizon(pg::Connection& connection, const WindowKey& key) {
  const KeyText text(key);
  auto rows = connection.query(kHorizon, {text.topic, text.partition});
  if (!rows) return rows.error();
  if (rows->size() == 0) return std::optional<TimeUs>{};
  return std::optional<TimeUs>{TimeUs{rows->integer(0, 0)}};
}

Result<WindowSession> prepare_window_session(pg::Connection& connection) {
  if (Status made = connection.execute(kPieceRows); !made) return made.error();
  auto type = connection.query(kPieceType);
  if (!type) return type.error();
  return WindowSession{static_cast<std::uint32_t>(type->integer(0, 0))};
}

Status add_pieces(pg::Connection& connection, const WindowSession& session,
                  std::span<const std::pair<WindowKey, const WindowPiece*>> pieces) {
  if (pieces.empty()) return ok_status();
  std::string stream, row;
  std::string prints;
  RecordArray array(stream);
  RecordRow out(row);
  array.begin(session.piece_type);
  for (const auto& [key, piece] : pieces) {
    prints.clear();
    prints.reserve(piece->prints.size() * kPrintBytes);
    for (const Fingerprint& print : piece->prints) {
      put(prints, print.low);
      put(prints, print.high);
    }
    row.clear();
    out.begin(kPieceColumns);
    out.int2(key.topic);
    out.int4(key.partition);
    out.int8(piece->seq);
    out.time(piece->time_max);
    out.bytea(prints);
    array.next(row.size());
    stream.append(row);
  }
  array.finish();
  auto done = connection.query_binary(kAdd, stream);
  if (!done) return done.error();
  return ok_status();
}

Status drop_pieces(pg::Connection& connection, const WindowKey& key, std::int64_t upto, TimeUs time_max) {
  const KeyText text(key);
  auto done =
      connection.query(kDrop, {text.topic, text.partition, std::to_string(upto), format_rfc3339(time_max)});
  if (!done) return done.error();
  return ok_status();
}

Status add_pending(pg::Connection& connection, std::span<const PendingLine> lines) {
  while (!lines.empty()) {
    AddressArrays at;
    TextArray tenants, times, ids, texts;
    std::size_t count = 0, bytes = 0;
    for (; count < std::min(lines.size(), kLinesMax) && bytes < kLineBytesMax; ++count) {
      const PendingLine& line = lines[count];
      at.add(line.address);
      tenants.add(line.key.tenant.value.to_string());
      times.add(format_rfc3339(line.key.time));
      ids.add(line.key.id.to_string());
      texts.add(line.line);
      bytes += line.line.size();
    }
    auto done =
        connection.query(kPend, {at.topics.text(), at.partitions.text(), at.offsets.text(), at.indexes.text(),
                                 tenants.text(), times.text(), ids.text(), texts.text()});
    if (!done) return done.error();
    lines = lines.subspan(count);
  }
  return ok_status();
}

Result<std::vector<DueLine>> take_due(pg::Connection& connection, std::size_t most) {
  auto rows = connection.query(kDue, {std::to_string(most)});
  if (!rows) return rows.error();
  std::vector<DueLine> due;
  due.reserve(static_cast<std::size_t>(rows->size()));
  for (int row = 0; row < rows->size(); ++row) {
    DueLine& line = due.emplace_back();
    line.address = {static_cast<std::int16_t>(rows->integer(row, 0)),
                    static_cast<std::int32_t>(rows->integer(row, 1)), rows->integer(row, 2),
                    static_cast<std::int32_t>(rows->integer(row, 3))};
    const auto tenant = Uuid::parse(rows->text(row, 4)), id = Uuid::parse(rows->text(row, 6));
    if (!tenant || !id) return fatal("pending", "health_pending holds a malformed id");
    line.key = {{rows->integer(row, 5)}, {*tenant}, *id};
    line.line = rows->text(row, 7);
    line.stored = rows->integer(row, 8) == 1;
  }
  return due;
}

Status drop_pending(pg::Connection& connection, std::span<const DueLine> lines) {
  AddressArrays at;
  for (const DueLine& line : lines) at.add(line.address);
  auto done = connection.query(
      kSettle, {at.topics.text(), at.partitions.text(), at.offsets.text(), at.indexes.text()});
  if (!done) return done.error();
  return ok_status();
}

}  // namespace plumbline::postgres
