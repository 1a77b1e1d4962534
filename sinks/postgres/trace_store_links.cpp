#include "sinks/postgres/trace_store_links.h"

#include <algorithm>
#include <tuple>

#include "sinks/postgres/trace_store_arrays.h"
#include "sinks/postgres/trace_store_copy.h"

namespace plumbline::postgres {
namespace {

// Large enough that a chunk's own cost is nothing, small enough (150 KB) that reading one agent's links needs
// little memory.
constexpr std::size_t kChunkLinksMax = 1000;
constexpr std::int16_t kChunkFields = 14;

constexpr const char* kStageTable =
    "CREATE TEMP TABLE IF NOT EXISTS link_stage (tenant_id uuid, agent text, first_time timestamptz, "
    "last_time timestamptz, topic int2, log_partition int4, hash bytea[], prev_hash bytea[], digest uuid[], "
    "content \"char\"[], trace_time timestamptz[] COMPRESSION lz4, trace_id uuid[], log_offset int8[] "
    "COMPRESSION lz4, log_index int4[] COMPRESSION lz4) ON COMMIT DELETE ROWS;"
    "ALTER TABLE pg_temp.link_stage ALTER hash SET STORAGE EXTERNAL, ALTER prev_hash SET STORAGE EXTERNAL, "
    "ALTER digest SET STORAGE EXTERNAL, ALTER trace_id SET STORAGE EXTERNAL";
constexpr const char* kCopy = "COPY pg_temp.link_stage FROM STDIN (FORMAT binary)";
constexpr const char* kMove =
    "INSERT INTO plumbline.chain_chunks (tenant_id, agent, first_time, last_time, topic, log_partition, "
    "hash, prev_hash, digest, content, trace_time, trace_id, log_offset, log_index) "
    "SELECT tenant_id, agent, first_time, last_time, topic, log_partition, hash, prev_hash, digest, content, "
    "trace_time, trace_id, log_offset, log_index FROM pg_temp.link_stage";
constexpr const char* kConflicts =
    "INSERT INTO plumbline.chain_conflicts (tenant_id, agent, hash, digest, prev_hash, content, trace_time, "
    "trace_id, log_offset, log_partition, log_index, topic) "
    "SELECT * FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::uuid[], $5::bytea[], $6::\"char\"[], "
    "$7::timestamptz[], $8::uuid[], $9::int8[], $10::int4[], $11::int4[], $12::int2[]) "
    "ON CONFLICT (tenant_id, agent, hash, digest) DO NOTHING";

// Types by PostgreSQL's numbers (pg_type.dat), which binary arrays carry.
constexpr std::int32_t kBytea = 17, kChar = 18, kInt8 = 20, kInt4 = 23, kTimestamptz = 1184, kUuid = 2950;

std::string_view raw(const std::array<std::uint8_t, 32>& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

std::string_view previous(const ChainLink& link) {
  return link.start ? std::string_view{} : raw(link.prev_hash);
}

std::string hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text = "\\x";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

auto chain_of(const LinkRow& row) {
  return std::tie(row.tenant, row.agent, row.topic, row.partition);
}

}  // namespace

Status LinkStore::prepare_session(pg::Connection& connection) {
  return connection.execute(kStageTable);
}

void LinkStore::chunk(std::span<const LinkRow> rows) {
  const auto [first, last] = std::minmax_element(
      rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.time < b.time; });
  const LinkRow& one = rows.front();
  CopyRow out(stream_);
  out.begin(kChunkFields);
  out.uuid(one.tenant);
  out.bytes(one.agent);
  out.time(first->time);
  out.time(last->time);
  out.int2(one.topic);
  out.int4(one.partition);
  out.array(kBytea, rows, [&](const LinkRow& row) { out.bytes(raw(row.link.hash)); });
  out.array(kBytea, rows, [&](const LinkRow& row) { out.bytes(previous(row.link)); });
  out.array(kUuid, rows, [&](const LinkRow& row) { out.uuid(row.digest); });
  out.array(kChar, rows, [&](const LinkRow& row) { out.bytes({&row.link.content, 1}); });
  out.array(kTimestamptz, rows, [&](const LinkRow& row) { out.time(row.time); });
  out.array(kUuid, rows, [&](const LinkRow& row) { out.uuid(row.id); });
  out.array(kInt8, rows, [&](const LinkRow& row) { out.int8(row.offset); });
  out.array(kInt4, rows, [&](const LinkRow& row) { out.int4(row.index); });
}

Status LinkStore::add(pg::Connection& connection, std::span<LinkRow> rows) {
  if (rows.empty()) return ok_status();
  const auto order = [](const LinkRow& row) {
    return std::tie(row.tenant, row.agent, row.topic, row.partition, row.offset, row.index);
  };
  std::sort(rows.begin(), rows.end(), [&](const auto& a, const auto& b) { return order(a) < order(b); });
  stream_.assign(kCopyHeader);
  for (std::size_t begin = 0; begin < rows.size();) {
    std::size_t end = begin + 1;
    while (end < rows.size() && end - begin < kChunkLinksMax && chain_of(rows[end]) == chain_of(rows[begin]))
      ++end;
    chunk(rows.subspan(begin, end - begin));
    begin = end;
  }
  stream_.append(kCopyTrailer);
  if (auto copied = connection.copy_in(kCopy, stream_); !copied) return copied.error();
  if (auto moved = connection.query(kMove); !moved) return moved.error();
  return ok_status();
}

Status LinkStore::add_conflicts(pg::Connection& connection, std::span<const LinkRow> rows) {
  if (rows.empty()) return ok_status();
  TextArray tenant, agent, hash, digest, prev, content, time, id, offset, partition, index, topic;
  for (const LinkRow& row : rows) {
    tenant.add(row.tenant.to_string());
    agent.add(row.agent);
    hash.add(hex(raw(row.link.hash)));
    digest.add(row.digest.to_string());
    prev.add(hex(previous(row.link)));
    content.add(std::string_view(&row.link.content, 1));
    time.add(format_rfc3339(row.time));
    id.add(row.id.to_string());
    offset.add(row.offset);
    partition.add(row.partition);
    index.add(row.index);
    topic.add(row.topic);
  }
  auto added = connection.query(
      kConflicts, {tenant.text(), agent.text(), hash.text(), digest.text(), prev.text(), content.text(),
                   time.text(), id.text(), offset.text(), partition.text(), index.text(), topic.text()});
  if (!added) return added.error();
  return ok_status();
}

}  // namespace plumbline::postgres
