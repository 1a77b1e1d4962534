#include "consumers/health/settle.h"

#include "consumers/health/summing.h"
#include "sinks/postgres/health_store.h"
#include "sinks/postgres/health_windows.h"
#include "sinks/postgres/transaction.h"

namespace plumbline::health {
namespace {

// Lines of one transaction: bounds what is in memory at a time.
constexpr std::size_t kLinesMax = 2000;
constexpr std::int16_t kReports = 2;

telemetry::Counter& settled(telemetry::Metrics& metrics, const char* outcome) {
  return metrics.counter("plumbline_health_settled_total",
                         "Pending lines by persist's word; dropped: they repeat an older one or were refused",
                         {{"outcome", outcome}});
}

}  // namespace

Settler::Settler(pg::ConnectOptions postgres, telemetry::Metrics& metrics)
    : postgres_(std::move(postgres)),
      counted_(settled(metrics, "counted")),
      dropped_(settled(metrics, "dropped")) {}

Result<std::size_t> Settler::step() {
  if (connection_ && connection_->broken()) connection_.reset();
  if (!connection_) {
    auto made = pg::Connection::connect(postgres_);
    if (!made) return made.error();
    connection_.emplace(std::move(*made));
  }
  return settle();
}

Result<std::size_t> Settler::settle() {
  std::size_t counted = 0;
  auto done = postgres::in_transaction(*connection_, [&]() -> Result<std::size_t> {
    auto due = postgres::take_due(*connection_, kLinesMax);
    if (!due) return due.error();
    if (due->empty()) return std::size_t{0};
    postgres::HealthSums sums;
    Summing summing(sums);
    for (const postgres::DueLine& line : *due) {
      if (!line.stored) continue;
      const auto read = decoder_.decode(
          line.line, line.address.topic == kReports ? codec::Endpoint::kReports : codec::Endpoint::kTraces);
      if (!read) return read.error();  // it was decoded when it came
      summing.add(line.key.tenant, **read);
      ++counted;
    }
    if (Status added = postgres::add_health(*connection_, sums); !added) return added.error();
    if (Status dropped = postgres::drop_pending(*connection_, *due); !dropped) return dropped.error();
    return due->size();
  });
  if (done) {
    counted_.add(counted);
    dropped_.add(*done - counted);
  }
  return done;
}

}  // namespace plumbline::health
