// Dead letters into PostgreSQL: what a consumer could not take, once for each consumer and address.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/ids.h"
#include "core/pg/connection.h"
#include "core/result.h"
#include "core/time.h"

namespace plumbline::postgres {

struct DeadLetter {
  std::string consumer;
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::int32_t index = 0;  // line of the frame
  std::string reason;      // one word
  std::string detail;      // for people; never a payload
  std::optional<TenantId> tenant;
  std::string agent;
  std::string key_id;
  std::optional<TimeUs> received_at;
  std::string body;  // plain UTF-8 text, else "base64:" and base64
};

// In the open transaction; returns how many were new.
Result<std::int64_t> insert_dead_letters(pg::Connection& connection, std::span<const DeadLetter> letters);

}  // namespace plumbline::postgres
