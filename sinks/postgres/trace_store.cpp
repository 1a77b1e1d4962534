#include "sinks/postgres/trace_store.h"

#include <algorithm>
#include <limits>

#include "sinks/postgres/trace_store_records.h"

namespace plumbline::postgres {
namespace {

constexpr std::int64_t kDayUs = 86400LL * 1000000;
// Rows are handed over in pieces of about this size: they stay in the processor's cache, and neither side's
// buffers grow with the batch.
constexpr std::size_t kPieceBytes = std::size_t{256} << 10;
// A buffer that a huge payload made this large is given back afterwards.
constexpr std::size_t kPieceBytesKept = std::size_t{16} << 20;
// PostgreSQL's binary COPY format: its head (signature, flags, no extension) and what stands behind the rows.
constexpr std::string_view kCopyHead("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
constexpr std::string_view kCopyEnd("\377\377", 2);

// A batch (persist.batch_bytes_max) fits: otherwise PostgreSQL writes the stage to files and reads it back.
// The arrays of chain chunks wait in work_mem.
constexpr const char* kSettings = "SET temp_buffers = '64MB'; SET work_mem = '32MB'";
// Where batches go that hold what is there already.
constexpr const char* kStageTable =
    "CREATE TEMP TABLE IF NOT EXISTS trace_stage (ord int4, again bool, time timestamptz, tenant_id uuid, id "
    "uuid, "
    "digest uuid, received_at timestamptz, log_offset int8, log_partition int4, log_index int4, topic int2, "
    "risk_score int4, kind text, agent text, session text, repo text, branch text, commit text, version "
    "text, "
    "action_type text, confidence text, prompt_type text, autonomy_mode text, risk_category text, "
    "policy_hash text, matched_rule_id text, "
    "payload text COMPRESSION lz4) ON COMMIT DELETE ROWS";
constexpr const char* kStage = "COPY pg_temp.trace_stage FROM STDIN (FORMAT binary)";
#define COLUMNS                                                                                          \
  "time, tenant_id, id, digest, received_at, log_offset, log_partition, log_index, topic, risk_score, "  \
  "kind, "                                                                                               \
  "agent, session, repo, branch, commit, version, action_type, confidence, prompt_type, autonomy_mode, " \
  "risk_category, policy_hash, matched_rule_id, payload"
constexpr std::uint16_t kColumns = 25;
constexpr const char* kInsert = "COPY plumbline.trace_days (" COLUMNS ") FROM STDIN (FORMAT binary)";
// The stage is laid out in key order, which a scan of it nearly keeps: good for the indexes, without a sort.
// Nearly: a short row goes back onto an earlier page that has room. So `again` marks what is not the first of
// its identity in the batch, and only firsts are moved. Asking first costs a look-up in the key for each row.
constexpr const char* kMove =
    "WITH moved AS (INSERT INTO plumbline.traces (" COLUMNS ") SELECT " COLUMNS
    " FROM pg_temp.trace_stage WHERE NOT again ON CONFLICT (time, tenant_id, id) DO NOTHING RETURNING time, "
    "tenant_id, id) SELECT s.ord FROM pg_temp.trace_stage s JOIN moved USING (time, tenant_id, id) WHERE NOT "
    "s.again";
#undef COLUMNS
// LATERAL with LIMIT keeps this a look-up by key, one partition each, whatever the planner thinks of an
// unanalysed stage.
constexpr const char* kCompare =
    "SELECT s.ord, h.digest FROM pg_temp.trace_stage s, LATERAL ("
    "SELECT t.digest, t.topic, t.log_partition, t.log_offset, t.log_index FROM plumbline.traces t "
    "WHERE t.time = s.time AND t.tenant_id = s.tenant_id AND t.id = s.id LIMIT 1) h "
    "WHERE (h.topic, h.log_partition, h.log_offset, h.log_index) "
    "IS DISTINCT FROM (s.topic, s.log_partition, s.log_offset, s.log_index)";

std::int64_t day_of(TimeUs time) {
  return time.value >= 0 ? time.value / kDayUs : -((-time.value + kDayUs - 1) / kDayUs);
}

}  // namespace

void TraceRows::add(const TraceRow& row) {
  Item item{row.key, row.digest, row.address, encoded_.size(), 0, row.payload, 0, row.agent.size(), {}};
  Wire out(encoded_);
  out.time(row.key.time);
  out.uuid(row.key.tenant.value);
  out.uuid(row.key.id);
  out.uuid(row.digest);
  out.time(row.received_at);
  out.int8(row.address.offset);
  out.int4(row.address.partition);
  out.int4(row.address.index);
  out.int2(row.address.topic);
  if (row.risk_score) {
    out.int4(*row.risk_score);
  } else {
    out.null();
  }
  out.bytes(row.kind);
  out.bytes(row.agent);
  item.agent_begin = encoded_.size() - item.begin - row.agent.size();
  for (std::string_view name :
       {row.session, row.repo, row.branch, row.commit, row.version, row.action_type, row.confidence,
        row.prompt_type, row.autonomy_mode, row.risk_category, row.policy_hash, row.matched_rule_id}) {
    // Names that are absent are null, never ''.
    if (name.empty()) {
      out.null();
    } else {
      out.bytes(name);
    }
  }
  if (row.link) {
    item.link = static_cast<std::uint32_t>(links_.size());
    links_.push_back(*row.link);
  }
  out.number(static_cast<std::uint32_t>(row.payload.size()));
  item.size = encoded_.size() - item.begin;
  items_.push_back(item);
}

LinkRow TraceRows::link(const Item& item) const {
  const Address& at = item.address;
  return {item.key.tenant.value,
          encoded(item).substr(item.agent_begin, item.agent_size),
          links_[*item.link],
          item.digest,
          item.key.time,
          item.key.id,
          at.topic,
          at.partition,
          at.offset,
          at.index};
}

Status TraceStore::prepare_session(pg::Connection& connection) {
  if (Status set = connection.execute(kSettings); !set) return set;
  if (Status made = connection.execute(kStageTable); !made) return made;
  return links_.prepare_session(connection);
}

Status TraceStore::ensure_day(pg::Connection& connection, TimeUs time) {
  const std::int64_t day = day_of(time);
  if (days_.contains(day)) return ok_status();
  const std::string date = format_rfc3339({day * kDayUs}).substr(0, 10);
  auto made = connection.query("SELECT plumbline.ensure_partition($1::date)", {date});
  if (!made) return made.error();
  days_.insert(day);
  return ok_status();
}

// By key; marks what comes again. True when nothing does.
bool TraceStore::order(const TraceRows& rows, std::span<const std::uint32_t> chosen) {
  const auto items = rows.items();
  order_.clear();
  for (const std::uint32_t i : chosen) order_.push_back({items[i].key.time, i, false});
  // Ties keep the order of arrival: the first of an identity wins, as it would if they came in two batches.
  std::stable_sort(order_.begin(), order_.end(), [&](const Placed& a, const Placed& b) {
    return a.time != b.time ? a.time < b.time : items[a.item].key < items[b.item].key;
  });
  new_.clear();
  for (std::size_t n = 0; n < order_.size(); ++n) {
    order_[n].again = n > 0 && order_[n - 1].time == order_[n].time &&
                      items[order_[n - 1].item].key == items[order_[n].item].key;
    if (!order_[n].again) new_.push_back(order_[n].item);
  }
  const bool firsts = new_.size() == order_.size();
  if (firsts) {
    new_.assign(chosen.begin(), chosen.end());
  } else {
    std::sort(new_.begin(), new_.end());
  }
  return firsts;
}

// Copies all rows in order; into the stage with their place and whether they come again.
Status TraceStore::copy(pg::Connection& connection, const TraceRows& rows, bool stage) {
  const auto items = rows.items();
  std::size_t next = 0;
  bool ended = false;
  const auto sent = connection.copy_in(stage ? kStage : kInsert, [&]() -> std::string_view {
    piece_.clear();
    if (ended) return {};
    if (next == 0) piece_.append(kCopyHead);
    Wire out(piece_);
    for (; next < order_.size() && piece_.size() < kPieceBytes; ++next) {
      const Placed& placed = order_[next];
      const auto& item = items[placed.item];
      out.number(static_cast<std::uint16_t>(stage ? kColumns + 2 : kColumns));
      if (stage) {
        out.int4(static_cast<std::int32_t>(placed.item));
        out.bytes(placed.again ? std::string_view("\1", 1) : std::string_view("\0", 1));
      }
      piece_.append(rows.encoded(item));
      piece_.append(item.payload);
    }
    ended = next == order_.size();
    if (ended) piece_.append(kCopyEnd);
    return piece_;
  });
  if (piece_.capacity() > kPieceBytesKept) std::string().swap(piece_);
  if (!sent) return sent.error();
  return ok_status();
}

Status TraceStore::compare(pg::Connection& connection, const TraceRows& rows,
                           std::span<StoreOutcome> outcome) {
  auto losers = connection.query(kCompare);
  if (!losers) return losers.error();
  for (int row = 0; row < losers->size(); ++row) {
    const auto ord = static_cast<std::size_t>(losers->integer(row, 0));
    const auto held = Uuid::parse(losers->text(row, 1));
    outcome[ord] = held == rows.items()[ord].digest ? StoreOutcome::kDuplicate : StoreOutcome::kConflict;
  }
  return ok_status();
}

// All rows at once, straight into the table. False: at least one is there already, and nothing was stored.
Result<bool> TraceStore::insert(pg::Connection& connection, const TraceRows& rows) {
  if (Status saved = connection.execute("SAVEPOINT move"); !saved) return saved.error();
  const Status sent = copy(connection, rows, false);
  if (!sent && sent.error().code != "23505") return sent.error();
  const Status left = connection.execute(sent ? "RELEASE move" : "ROLLBACK TO move; RELEASE move");
  if (!left) return left.error();
  return sent.ok();
}

// Those that are not there. On return new_ holds what was stored.
Status TraceStore::move(pg::Connection& connection, const TraceRows& rows) {
  if (Status staged = copy(connection, rows, true); !staged) return staged;
  auto moved = connection.query(kMove);
  if (!moved) return moved.error();
  careful_ = moved->size() != static_cast<int>(new_.size());
  new_.clear();
  for (int row = 0; row < moved->size(); ++row)
    new_.push_back(static_cast<std::uint32_t>(moved->integer(row, 0)));
  std::sort(new_.begin(), new_.end());
  return ok_status();
}

Status TraceStore::link(pg::Connection& connection, const TraceRows& rows,
                        std::span<const std::uint32_t> chosen, std::span<const StoreOutcome> outcome) {
  const auto items = rows.items();
  link_rows_.clear();
  for (const std::uint32_t i : new_) {
    if (items[i].link) link_rows_.push_back(rows.link(items[i]));
  }
  if (Status added = links_.add(connection, link_rows_); !added) return added;
  link_rows_.clear();
  for (const std::uint32_t i : chosen) {
    if (items[i].link && outcome[i] == StoreOutcome::kConflict) link_rows_.push_back(rows.link(items[i]));
  }
  return LinkStore::add_conflicts(connection, link_rows_);
}

Status TraceStore::store(pg::Connection& connection, const TraceRows& rows,
                         std::span<const std::uint32_t> chosen, std::span<StoreOutcome> outcome) {
  if (chosen.empty()) return ok_status();
  const bool firsts = order(rows, chosen);
  for (const std::uint32_t i : chosen) outcome[i] = StoreOutcome::kStored;
  bool stored = false;
  if (firsts && !careful_) {
    auto inserted = insert(connection, rows);
    if (!inserted) return inserted.error();
    stored = *inserted;
  }
  if (!stored) {
    if (Status moved = move(connection, rows); !moved) return moved;
    if (new_.size() != chosen.size()) {
      if (Status compared = compare(connection, rows, outcome); !compared) return compared;
    }
  }
  return link(connection, rows, chosen, outcome);
}

}  // namespace plumbline::postgres
