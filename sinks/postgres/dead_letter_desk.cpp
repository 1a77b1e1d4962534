#include "sinks/postgres/dead_letter_desk.h"

#include <charconv>

#include "core/clock.h"
#include "core/crypto/base64.h"
#include "core/frame.h"

namespace plumbline::postgres {
namespace {

constexpr std::string_view kBase64 = "base64:";
constexpr std::string_view kColumns =
    "SELECT consumer, topic, partition, log_offset, log_index, reason, detail, tenant_id, agent, key_id, "
    "to_char(received_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), ";

DeadLetter letter_of(const pg::Rows& rows, int row) {
  DeadLetter l;
  l.consumer = rows.text(row, 0);
  l.topic = rows.text(row, 1);
  l.partition = static_cast<std::int32_t>(rows.integer(row, 2));
  l.offset = rows.integer(row, 3);
  l.index = static_cast<std::int32_t>(rows.integer(row, 4));
  l.reason = rows.text(row, 5);
  l.detail = rows.text(row, 6);
  if (const auto tenant = Uuid::parse(rows.text(row, 7))) l.tenant = TenantId{*tenant};
  l.agent = rows.text(row, 8);
  l.key_id = rows.text(row, 9);
  l.received_at = parse_rfc3339(rows.text(row, 10));
  l.body = rows.text(row, 11);
  return l;
}

Error no_letter(std::string_view address) {
  return poison("no_dead_letter",
                "no dead letter " + std::string(address) +
                    "; `plumbline dead ls` prints addresses (consumer/topic/partition/offset/index)");
}

}  // namespace

std::string address_of(const DeadLetter& l) {
  return l.consumer + "/" + l.topic + "/" + std::to_string(l.partition) + "/" + std::to_string(l.offset) +
         "/" + std::to_string(l.index);
}

Result<std::vector<DeadLetter>> list_dead_letters(pg::Connection& c, const DeadLetterFilter& filter) {
  const std::string tenant = filter.tenant ? filter.tenant->value.to_string() : "";
  auto rows = c.query(
      std::string(kColumns) +
          "'' FROM plumbline.dead_letters WHERE ($1::text = '' OR tenant_id = nullif($1::text, '')::uuid) "
          "AND ($2::text = '' OR reason = $2) ORDER BY noted_at DESC, topic, partition, log_offset, "
          "log_index LIMIT $3::bigint",
      {tenant, filter.reason, std::to_string(filter.limit)});
  if (!rows) return rows.error();
  std::vector<DeadLetter> letters;
  for (int i = 0; i < rows->size(); ++i) letters.push_back(letter_of(*rows, i));
  return letters;
}

Result<DeadLetter> find_dead_letter(pg::Connection& c, std::string_view address) {
  std::vector<std::string> parts;
  for (std::string_view rest = address; !rest.empty();) {
    const auto slash = rest.find('/');
    parts.emplace_back(rest.substr(0, slash));
    rest = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash + 1);
  }
  if (parts.size() != 5) return no_letter(address);
  for (std::size_t i = 2; i < 5; ++i) {
    std::int64_t number = 0;
    const char* end = parts[i].data() + parts[i].size();
    if (std::from_chars(parts[i].data(), end, number).ptr != end) return no_letter(address);
  }
  auto rows = c.query(std::string(kColumns) +
                          "body FROM plumbline.dead_letters WHERE consumer = $1 AND topic = $2 AND "
                          "partition = $3::int AND log_offset = $4::bigint AND log_index = $5::int",
                      {parts[0], parts[1], parts[2], parts[3], parts[4]});
  if (!rows) return rows.error();
  if (rows->size() == 0) return no_letter(address);
  return letter_of(*rows, 0);
}

DeadLetterReplay::DeadLetterReplay(log::Log& log, pg::Connection& connection)
    : log_(log), connection_(connection), run_{Uuid::random()} {}

// A report's stream is its repo, anything else's is its agent (DESIGN section 3). The letter names the agent;
// the repo is in the line, which PostgreSQL reads here, so that this folder needs no JSON library.
Result<std::string> DeadLetterReplay::stream_of(const DeadLetter& letter, std::string_view line) {
  if (letter.topic != frame::kReportsTopic) return letter.agent;
  auto rows = connection_.query("SELECT coalesce($1::jsonb ->> 'repo', '')", {line});
  if (!rows && rows.error().fault == Fault::kPoison) return std::string();
  if (!rows) return rows.error();
  return std::string(rows->text(0, 0));
}

Result<std::int64_t> DeadLetterReplay::replay(const DeadLetter& letter) {
  if (letter.index < 0 || !letter.tenant) {
    return poison("not_replayable",
                  address_of(letter) +
                      " is not a single trace of a known tenant: send its traces again from their source");
  }
  std::string line = letter.body;
  if (line.starts_with(kBase64))
    line = crypto::base64_decode(std::string_view(line).substr(kBase64.size())).value_or("");
  auto stream = stream_of(letter, line);
  if (!stream) return stream.error();
  auto info = log_.topic(letter.topic);
  if (!info) return info.error();
  const std::string tenant = letter.tenant->value.to_string();
  const std::string key = tenant + "/" + *stream;
  const std::int32_t partition = log::partition_of(key, info->partitions);
  const std::uint64_t seq = next_seq_[{letter.topic, partition}]++;
  const std::string run = run_.value.to_string();
  const TimeUs now = SystemClock().now();
  const std::string received = format_rfc3339(letter.received_at.value_or(now));
  const std::string seq_text = std::to_string(seq);
  const std::string id = run + "." + std::to_string(partition) + "." + seq_text;
  const std::string type = "dev.plumbline." + letter.topic;
  const std::string source = "/dead/" + run;
  const log::Header headers[] = {
      {frame::kCeSpecVersion, "1.0"}, {frame::kCeId, id},
      {frame::kCeType, type},         {frame::kCeSource, source},
      {frame::kCeTime, received},     {frame::kContentType, "application/x-ndjson"},
      {frame::kTenant, tenant},       {frame::kAgent, letter.agent},
      {frame::kKeyId, letter.key_id}, {frame::kReceivedAt, received},
      {frame::kRunId, run},           {frame::kSeq, seq_text}};
  log::Record record{
      .topic = letter.topic, .partition = partition, .key = key, .value = line, .headers = headers};
  record.timestamp_ms = now.value / 1000;
  return log::append_and_wait(log_, record);
}

}  // namespace plumbline::postgres
