// Dead letters into PostgreSQL: what a consumer could not take, once for each consumer and address.
#pragma once
#include <cstdint>
#include <span>

#include "core/codec/records.h"
#include "core/pg/connection.h"
#include "core/result.h"

namespace plumbline::postgres {

// As it travels in dead.v1.
using DeadLetter = codec::DeadRecord;

// In the open transaction; returns how many were new.
Result<std::int64_t> insert_dead_letters(pg::Connection& connection, std::span<const DeadLetter> letters);

}  // namespace plumbline::postgres
