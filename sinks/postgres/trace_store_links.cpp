#include "sinks/postgres/trace_store_links.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "sinks/postgres/trace_store_arrays.h"
#include "sinks/postgres/trace_store_records.h"

namespace plumbline::postgres {
namespace {

// Large enough that a chunk's own cost is nothing, small enough (150 KB) that reading one agent's links needs
// little memory.
constexpr std::size_t kChunkLinksMax = 1000;
constexpr std::uint32_t kChunkColumns = 14;
// Chunks of one statement, about.
constexpr std::size_t kArrayBytes = std::size_t{2} << 20;

// Never holds a row: its row type is that of the arrays.
constexpr const char* kRowTable =
    "CREATE TEMP TABLE IF NOT EXISTS chunk_row (tenant_id uuid, agent text, first_time timestamptz, "
    "last_time timestamptz, topic int2, log_partition int4, hash bytea[], prev_hash bytea[], digest uuid[], "
    "content \"char\"[], trace_time timestamptz[], trace_id uuid[], log_offset int8[], log_index int4[])";
constexpr const char* kRowType = "SELECT 'pg_temp.chunk_row'::regtype::oid";
constexpr const char* kInsert =
    "INSERT INTO plumbline.chain_chunks (tenant_id, agent, first_time, last_time, topic, log_partition, "
    "hash, prev_hash, digest, content, trace_time, trace_id, log_offset, log_index) "
    "SELECT tenant_id, agent, first_time, last_time, topic, log_partition, hash, prev_hash, digest, content, "
    "trace_time, trace_id, log_offset, log_index FROM unnest($1::pg_temp.chunk_row[])";
constexpr const char* kConflicts =
    "INSERT INTO plumbline.chain_conflicts (tenant_id, agent, hash, digest, prev_hash, content, trace_time, "
    "trace_id, log_offset, log_partition, log_index, topic) "
    "SELECT * FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::uuid[], $5::bytea[], $6::\"char\"[], "
    "$7::timestamptz[], $8::uuid[], $9::int8[], $10::int4[], $11::int4[], $12::int2[]) "
    "ON CONFLICT (tenant_id, agent, hash, digest) DO NOTHING";

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
  if (Status made = connection.execute(kRowTable); !made) return made;
  auto type = connection.query(kRowType);
  if (!type) return type.error();
  row_type_ = static_cast<std::uint32_t>(type->integer(0, 0));
  return ok_status();
}

// Chain by chain. Runs are sorted, not links: a frame's links are one run at least.
void LinkStore::group(std::span<const LinkRow> rows) {
  const auto place = [](const LinkRow& row) { return std::pair(row.offset, row.index); };
  runs_.clear();
  for (std::size_t at = 0; at < rows.size(); ++at) {
    const bool follows =
        at > 0 && chain_of(rows[at - 1]) == chain_of(rows[at]) && place(rows[at - 1]) < place(rows[at]);
    if (!follows) runs_.push_back({at, at});
    runs_.back().end = at + 1;
  }
  std::sort(runs_.begin(), runs_.end(), [&](const Run& a, const Run& b) {
    const LinkRow &one = rows[a.begin], &other = rows[b.begin];
    return std::tuple_cat(chain_of(one), place(one)) < std::tuple_cat(chain_of(other), place(other));
  });
  grouped_.clear();
  for (const Run& run : runs_) {
    for (std::size_t at = run.begin; at < run.end; ++at) grouped_.push_back(&rows[at]);
  }
}

void LinkStore::chunk(std::span<const LinkRow* const> rows) {
  const auto [first, last] = std::minmax_element(
      rows.begin(), rows.end(), [](const LinkRow* a, const LinkRow* b) { return a->time < b->time; });
  const LinkRow& one = *rows.front();
  RecordRow out(chunk_);
  chunk_.clear();
  out.begin(kChunkColumns);
  out.uuid(one.tenant);
  out.text(one.agent);
  out.time((*first)->time);
  out.time((*last)->time);
  out.int2(one.topic);
  out.int4(one.partition);
  out.array(kWireBytea, rows, [](Wire& wire, const LinkRow* row) { wire.bytes(raw(row->link.hash)); });
  out.array(kWireBytea, rows, [](Wire& wire, const LinkRow* row) { wire.bytes(previous(row->link)); });
  out.array(kWireUuid, rows, [](Wire& wire, const LinkRow* row) { wire.uuid(row->digest); });
  out.array(kWireChar, rows, [](Wire& wire, const LinkRow* row) { wire.bytes({&row->link.content, 1}); });
  out.array(kWireTime, rows, [](Wire& wire, const LinkRow* row) { wire.time(row->time); });
  out.array(kWireUuid, rows, [](Wire& wire, const LinkRow* row) { wire.uuid(row->id); });
  out.array(kWireInt8, rows, [](Wire& wire, const LinkRow* row) { wire.int8(row->offset); });
  out.array(kWireInt4, rows, [](Wire& wire, const LinkRow* row) { wire.int4(row->index); });
}

Status LinkStore::add(pg::Connection& connection, std::span<const LinkRow> rows) {
  if (rows.empty()) return ok_status();
  group(rows);
  const std::span<const LinkRow* const> all(grouped_);
  RecordArray array(stream_);
  for (std::size_t begin = 0; begin < all.size();) {
    stream_.clear();
    array.begin(row_type_);
    while (begin < all.size() && stream_.size() < kArrayBytes) {
      std::size_t end = begin + 1;
      while (end < all.size() && end - begin < kChunkLinksMax && chain_of(*all[end]) == chain_of(*all[begin]))
        ++end;
      chunk(all.subspan(begin, end - begin));
      array.next(chunk_.size());
      stream_.append(chunk_);
      begin = end;
    }
    array.finish();
    if (auto added = connection.query_binary(kInsert, stream_); !added) return added.error();
  }
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
