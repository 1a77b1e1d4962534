#include "sinks/postgres/positions.h"

#include "sinks/postgres/trace_store_arrays.h"

namespace plumbline::postgres {

Result<Position> claim_position(pg::Connection& connection, std::string_view consumer,
                                const log::TopicPartition& at, std::string_view incarnation,
                                std::int64_t low) {
  const std::string partition = std::to_string(at.partition);
  const std::string start = std::to_string(low);
  auto rows = connection.query(
      "INSERT INTO plumbline.positions AS p (consumer, topic, partition, incarnation, next_offset, "
      "counted_offset, epoch) "
      "VALUES ($1, $2, $3::int, $4, $5::bigint, $5::bigint, 1) "
      "ON CONFLICT (consumer, topic, partition) DO UPDATE SET epoch = p.epoch + 1, updated_at = now() "
      "RETURNING incarnation, next_offset, counted_offset, epoch, (stopped IS NOT NULL)::int",
      {consumer, at.topic, partition, incarnation, start});
  if (!rows) return rows.error();
  if (rows->size() != 1) return fatal("position", "claiming a position returned no row");
  Position position;
  position.at = at;
  position.incarnation = rows->text(0, 0);
  position.next_offset = rows->integer(0, 1);
  position.counted_offset = rows->integer(0, 2);
  position.epoch = rows->integer(0, 3);
  position.stopped = rows->integer(0, 4) != 0;
  return position;
}

Result<bool> advance_positions(pg::Connection& connection, std::string_view consumer,
                               std::span<const Advance> steps) {
  TextArray topics, partitions, epochs, from, to, received;
  for (const Advance& step : steps) {
    topics.add(step.at.topic);
    partitions.add(step.at.partition);
    epochs.add(step.epoch);
    from.add(step.from);
    to.add(step.to);
    received.add(format_rfc3339(step.received_at));
  }
  auto rows = connection.query(
      "UPDATE plumbline.positions AS p SET next_offset = s.upto, "
      "counted_offset = greatest(p.counted_offset, s.upto), "
      "received_at = greatest(p.received_at, s.received), updated_at = now() "
      "FROM unnest($2::text[], $3::int[], $4::bigint[], $5::bigint[], $6::bigint[], $7::timestamptz[]) "
      "AS s (topic, partition, epoch, since, upto, received) "
      "WHERE p.consumer = $1 AND p.topic = s.topic AND p.partition = s.partition AND p.epoch = s.epoch "
      "AND p.next_offset = s.since AND p.stopped IS NULL",
      {consumer, topics.text(), partitions.text(), epochs.text(), from.text(), to.text(), received.text()});
  if (!rows) return rows.error();
  return rows->affected() == static_cast<std::int64_t>(steps.size());
}

Result<StepState> step_state(pg::Connection& connection, std::string_view consumer, const Advance& step) {
  const std::string partition = std::to_string(step.at.partition);
  // FOR UPDATE waits for the backend whose COMMIT we lost sight of.
  auto rows = connection.query(
      "SELECT epoch, next_offset FROM plumbline.positions WHERE consumer = $1 AND topic = $2 "
      "AND partition = $3::int FOR UPDATE",
      {consumer, step.at.topic, partition});
  if (!rows) return rows.error();
  if (rows->size() != 1 || rows->integer(0, 0) != step.epoch) return StepState::kFenced;
  if (rows->integer(0, 1) == step.to) return StepState::kStored;
  return rows->integer(0, 1) == step.from ? StepState::kNotStored : StepState::kFenced;
}

Status stop_position(pg::Connection& connection, std::string_view consumer, const Position& position,
                     std::string_view reason, std::string_view detail) {
  const std::string partition = std::to_string(position.at.partition);
  const std::string offset = std::to_string(position.next_offset);
  auto rows = connection.query(
      "WITH noted AS (INSERT INTO plumbline.log_losses (consumer, topic, partition, incarnation, "
      "from_offset, reason, detail) VALUES ($1, $2, $3::int, $4, $5::bigint, $6, $7) ON CONFLICT DO NOTHING) "
      "UPDATE plumbline.positions SET stopped = 'position_lost: ' || $6, updated_at = now() "
      "WHERE consumer = $1 AND topic = $2 AND partition = $3::int",
      {consumer, position.at.topic, partition, position.incarnation, offset, reason, detail});
  if (!rows) return rows.error();
  return ok_status();
}

}  // namespace plumbline::postgres
