#include "sinks/postgres/dead_letters.h"

#include <algorithm>

#include "sinks/postgres/trace_store_arrays.h"

namespace plumbline::postgres {
namespace {

constexpr const char* kInsert =
    "INSERT INTO plumbline.dead_letters (consumer, topic, partition, log_offset, log_index, reason, detail, "
    "tenant_id, agent, key_id, received_at, body) "
    "SELECT * FROM unnest($1::text[], $2::text[], $3::int4[], $4::int8[], $5::int4[], $6::text[], "
    "$7::text[], "
    "$8::uuid[], $9::text[], $10::text[], $11::timestamptz[], $12::text[]) "
    "ON CONFLICT (consumer, topic, partition, log_offset, log_index) DO NOTHING";
// Text of one statement: bodies are up to megabytes each, and a parameter must stay far below PostgreSQL's 1
// GiB.
constexpr std::size_t kStatementBytesMax = std::size_t{32} << 20;

std::optional<std::string_view> present(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional<std::string_view>(text);
}

std::size_t statement_size(std::span<const DeadLetter> letters) {
  std::size_t bytes = 0;
  std::size_t count = 0;
  for (const DeadLetter& letter : letters) {
    bytes += letter.body.size() + 512;
    if (count > 0 && bytes > kStatementBytesMax) break;
    ++count;
  }
  return count;
}

Result<std::int64_t> insert_some(pg::Connection& connection, std::span<const DeadLetter> letters) {
  TextArray consumer, topic, partition, offset, index, reason, detail, tenant, agent, key, received, body;
  for (const DeadLetter& letter : letters) {
    consumer.add(letter.consumer);
    topic.add(letter.topic);
    partition.add(letter.partition);
    offset.add(letter.offset);
    index.add(letter.index);
    reason.add(letter.reason);
    detail.add(letter.detail);
    tenant.add(letter.tenant ? std::optional(letter.tenant->value.to_string()) : std::nullopt);
    agent.add(present(letter.agent));
    key.add(present(letter.key_id));
    received.add(letter.received_at ? std::optional(format_rfc3339(*letter.received_at)) : std::nullopt);
    body.add(letter.body);
  }
  auto done = connection.query(
      kInsert, {consumer.text(), topic.text(), partition.text(), offset.text(), index.text(), reason.text(),
                detail.text(), tenant.text(), agent.text(), key.text(), received.text(), body.text()});
  if (!done) return done.error();
  return done->affected();
}

}  // namespace

Result<std::int64_t> insert_dead_letters(pg::Connection& connection, std::span<const DeadLetter> letters) {
  std::int64_t made = 0;
  while (!letters.empty()) {
    const std::size_t count = statement_size(letters);
    auto done = insert_some(connection, letters.first(count));
    if (!done) return done;
    made += *done;
    letters = letters.subspan(count);
  }
  return made;
}

}  // namespace plumbline::postgres
