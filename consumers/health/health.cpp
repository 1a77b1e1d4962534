#include "consumers/health/health.h"

#include <algorithm>

#include "consumers/health/meters.h"
#include "core/frame.h"
#include "sinks/postgres/health_store.h"

namespace plumbline::health {
namespace {

// An erasure is noticed within this; erase_tenant is run again for what slipped in before.
constexpr auto kTenantsEvery = postgres::kFloorsReadWithin;

}  // namespace

Health::Health(const Clock& clock, telemetry::Metrics& metrics, std::size_t lines_max,
               std::size_t window_lines, int member)
    : clock_(clock),
      lines_max_(lines_max),
      window_lines_(window_lines),
      meters_(std::make_unique<Meters>(metrics, member)) {}

Health::~Health() = default;

std::vector<std::string> Health::topics() const {
  return {std::string(frame::kTracesTopic), std::string(frame::kReportsTopic)};
}

Status Health::connected(pg::Connection& connection) {
  auto session = postgres::prepare_window_session(connection);
  if (!session) return session.error();
  session_ = *session;
  return ok_status();
}

Status Health::load_window(pg::Connection& connection, const postgres::WindowKey& key) {
  Window window;
  auto horizon = postgres::load_horizon(connection, key);
  if (!horizon) return horizon.error();
  window.set_horizon(*horizon);
  for (std::int64_t after = 0;;) {
    auto pieces = postgres::load_pieces(connection, key, after);
    if (!pieces) return pieces.error();
    if (pieces->empty()) break;
    after = pieces->back().seq;
    for (postgres::WindowPiece& piece : *pieces) window.load(std::move(piece));
  }
  state_.windows.insert_or_assign(key, std::move(window));
  return ok_status();
}

Status Health::assigned(pg::Connection& connection, std::span<const postgres::Position> positions) {
  for (const postgres::Position& position : positions) {
    const postgres::WindowKey key{topic_number(position.at.topic), position.at.partition};
    if (Status loaded = load_window(connection, key); !loaded) return loaded;
  }
  return load_tenants(connection);
}

void Health::revoked(std::span<const log::TopicPartition> partitions) {
  for (const log::TopicPartition& at : partitions) {
    state_.windows.erase({topic_number(at.topic), at.partition});
  }
}

Status Health::load_tenants(pg::Connection& connection) {
  auto rows = connection.query("SELECT id FROM plumbline.tenants WHERE status = 'erased'");
  if (!rows) return rows.error();
  state_.erased.clear();
  for (int row = 0; row < rows->size(); ++row) {
    if (const auto id = Uuid::parse(rows->text(row, 0))) state_.erased.insert({*id});
  }
  auto floors = postgres::load_floors(connection);
  if (!floors) return floors.error();
  state_.floors = std::move(*floors);
  tenants_at_ = clock_.monotonic();
  return ok_status();
}

std::size_t Health::fold(std::span<const loop::Input> inputs) {
  const std::size_t taken = health::fold(state_, inputs, lines_max_, decoder_, effects_);
  plan_drops();
  return taken;
}

// The largest windows that this batch adds to lose their oldest pieces: their partitions are surely ours, the
// transaction holds their positions.
void Health::plan_drops() {
  drops_.clear();
  std::size_t total = 0;
  for (const auto& [key, window] : state_.windows) total += window.size();
  std::vector<postgres::WindowKey> keys(effects_.windows.begin(), effects_.windows.end());
  std::sort(keys.begin(), keys.end(), [this](const auto& a, const auto& b) {
    return state_.windows.at(a).size() > state_.windows.at(b).size();
  });
  for (const postgres::WindowKey& key : keys) {
    if (total <= window_lines_) return;
    const Window::Tail tail = state_.windows.at(key).oldest(total - window_lines_);
    total -= std::min(total, tail.prints);
    drops_.emplace(key, tail);
  }
}

Status Health::refresh(pg::Connection& connection) {
  if (clock_.monotonic() - tenants_at_ <= kTenantsEvery) return ok_status();
  return load_tenants(connection);
}

Status Health::apply(pg::Connection& connection) {
  if (Status done = postgres::add_health(connection, effects_.sums); !done) return done;
  std::vector<std::pair<postgres::WindowKey, const postgres::WindowPiece*>> pieces;
  for (const postgres::WindowKey& key : effects_.windows)
    pieces.emplace_back(key, &state_.windows.at(key).fresh());
  if (Status done = postgres::add_pieces(connection, session_, pieces); !done) return done;
  for (const auto& [key, tail] : drops_) {
    if (Status done = postgres::drop_pieces(connection, key, tail.upto, tail.time_max); !done) return done;
  }
  return postgres::add_pending(connection, effects_.pending);
}

void Health::committed() {
  std::size_t lines = 0;
  for (auto& [key, window] : state_.windows) window.keep();
  for (const auto& [key, tail] : drops_) state_.windows.at(key).drop(tail);
  for (const auto& [key, window] : state_.windows) lines += window.size();
  meters_->window.set(static_cast<double>(lines));
  meters_->counted.add(effects_.counted);
  meters_->repeated.add(effects_.repeated);
  meters_->pending.add(effects_.pending.size());
  meters_->poison.add(effects_.poison);
  meters_->replayed.add(effects_.replayed);
  meters_->erased.add(effects_.erased);
}

}  // namespace plumbline::health
