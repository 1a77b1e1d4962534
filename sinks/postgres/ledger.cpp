#include "sinks/postgres/ledger.h"

#include <algorithm>

#include "sinks/postgres/trace_store_arrays.h"

namespace plumbline::postgres {
namespace {

Status done(const Result<pg::Rows>& result) {
  if (!result) return result.error();
  return ok_status();
}

}  // namespace

Status add_ledger(pg::Connection& connection, const std::map<LedgerKey, LedgerCounts>& counts) {
  if (counts.empty()) return ok_status();
  TextArray tenant, minute, run, topic, partition, appended, stored, duplicate, conflict, dead;
  for (const auto& [key, count] : counts) {
    tenant.add(key.tenant.value.to_string());
    minute.add(format_rfc3339(key.minute));
    run.add(key.run.value.to_string());
    topic.add(key.topic);
    partition.add(key.partition);
    appended.add(count.appended());
    stored.add(count.stored);
    duplicate.add(count.duplicate);
    conflict.add(count.conflict);
    dead.add(count.dead);
  }
  return done(connection.query(
      "INSERT INTO plumbline.ledger AS l (tenant_id, minute, run_id, topic, partition, appended, stored, "
      "duplicate, conflict, dead) SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::uuid[], "
      "$4::int2[], "
      "$5::int4[], $6::int8[], $7::int8[], $8::int8[], $9::int8[], $10::int8[]) "
      "ON CONFLICT (tenant_id, minute, run_id, topic, partition) DO UPDATE SET "
      "appended = l.appended + excluded.appended, stored = l.stored + excluded.stored, "
      "duplicate = l.duplicate + excluded.duplicate, conflict = l.conflict + excluded.conflict, "
      "dead = l.dead + excluded.dead",
      {tenant.text(), minute.text(), run.text(), topic.text(), partition.text(), appended.text(),
       stored.text(), duplicate.text(), conflict.text(), dead.text()}));
}

Result<std::map<SequenceKey, Sequence>> load_sequences(pg::Connection& connection, std::int16_t topic,
                                                       std::int32_t partition) {
  const std::string topic_text = std::to_string(topic);
  const std::string partition_text = std::to_string(partition);
  auto rows = connection.query(
      "SELECT run_id, next_seq, (extract(epoch FROM seen_at) * 1000000)::int8 FROM plumbline.frame_sequences "
      "WHERE topic = $1::int2 AND partition = $2::int4",
      {topic_text, partition_text});
  if (!rows) return rows.error();
  std::map<SequenceKey, Sequence> sequences;
  for (int row = 0; row < rows->size(); ++row) {
    const auto run = Uuid::parse(rows->text(row, 0));
    if (!run) return fatal("sequence", "plumbline.frame_sequences holds a run_id that is no UUID");
    sequences[{topic, partition, {*run}}] = {rows->integer(row, 1), {rows->integer(row, 2)}};
  }
  return sequences;
}

Status save_sequences(pg::Connection& connection, const std::map<SequenceKey, Sequence>& sequences) {
  if (sequences.empty()) return ok_status();
  TextArray topic, partition, run, next, seen;
  for (const auto& [key, sequence] : sequences) {
    topic.add(key.topic);
    partition.add(key.partition);
    run.add(key.run.value.to_string());
    next.add(sequence.next_seq);
    seen.add(format_rfc3339(sequence.seen_at));
  }
  return done(connection.query(
      "INSERT INTO plumbline.frame_sequences (topic, partition, run_id, next_seq, seen_at) "
      "SELECT * FROM unnest($1::int2[], $2::int4[], $3::uuid[], $4::int8[], $5::timestamptz[]) "
      "ON CONFLICT (topic, partition, run_id) DO UPDATE SET next_seq = excluded.next_seq, seen_at = "
      "excluded.seen_at",
      {topic.text(), partition.text(), run.text(), next.text(), seen.text()}));
}

Status insert_holes(pg::Connection& connection, std::span<const Hole> holes) {
  if (holes.empty()) return ok_status();
  TextArray topic, partition, run, first, frames, offset, noticed;
  for (const Hole& hole : holes) {
    topic.add(hole.at.topic);
    partition.add(hole.at.partition);
    run.add(hole.at.run.value.to_string());
    first.add(hole.first_seq);
    frames.add(hole.frames);
    offset.add(hole.offset);
    noticed.add(format_rfc3339(hole.noticed_at));
  }
  return done(connection.query(
      "INSERT INTO plumbline.log_holes (topic, partition, run_id, first_seq, frames, log_offset, noticed_at) "
      "SELECT * FROM unnest($1::int2[], $2::int4[], $3::uuid[], $4::int8[], $5::int8[], $6::int8[], "
      "$7::timestamptz[]) ON CONFLICT (topic, partition, run_id, first_seq) DO NOTHING",
      {topic.text(), partition.text(), run.text(), first.text(), frames.text(), offset.text(),
       noticed.text()}));
}

Status drop_sequences_before(pg::Connection& connection, TimeUs time) {
  return done(connection.query("DELETE FROM plumbline.frame_sequences WHERE seen_at < $1::timestamptz",
                               {format_rfc3339(time)}));
}

Status touch_keys(pg::Connection& connection, const std::map<KeyUse, TimeUs>& used) {
  if (used.empty()) return ok_status();
  TextArray tenant, key, at;
  for (const auto& [use, time] : used) {
    tenant.add(use.tenant.value.to_string());
    key.add(use.key_id);
    at.add(format_rfc3339(time));
  }
  return done(
      connection.query("INSERT INTO plumbline.key_usage AS k (tenant_id, key_id, last_used_at) "
                       "SELECT * FROM unnest($1::uuid[], $2::text[], $3::timestamptz[]) "
                       "ON CONFLICT (tenant_id, key_id) DO UPDATE SET last_used_at = excluded.last_used_at "
                       "WHERE k.last_used_at < excluded.last_used_at",
                       {tenant.text(), key.text(), at.text()}));
}

}  // namespace plumbline::postgres
