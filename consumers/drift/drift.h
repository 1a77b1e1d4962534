// drift as the shared loop sees it: reports of reports.v1 into histories, drifts and events, in the
// transaction of the position. Poison is persist's to tell: what can't be decoded is a dead letter of persist
// and only counted here.
#pragma once
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "consumers/drift/decode.h"
#include "consumers/drift/matchers.h"
#include "consumers/drift/timeline.h"
#include "consumers/loop/consumer.h"
#include "consumers/loop/dead_letters.h"
#include "core/clock.h"
#include "core/frame.h"
#include "core/telemetry/metrics.h"
#include "sinks/postgres/drift_store.h"

namespace plumbline::drift {

inline constexpr std::string_view kConsumer = "drift";
// Streams that a process keeps in memory, at about a kilobyte each; a batch that names more keeps them all.
inline constexpr std::size_t kCacheMax = 100000;

struct DriftOptions {
  std::size_t rows_max = 20000;
  std::size_t streams_max = kCacheMax;  // of the member; above it all are read again when they report next
  std::chrono::microseconds flap_window{};
  std::chrono::microseconds notify_age_max{};
};

// Not thread-safe: the loop's thread. References outlive it.
class DriftConsumer final : public loop::Consumer {
 public:
  // `found` is told, after the commit, which lanes of the outbox have something.
  DriftConsumer(log::Log& log, const Clock& clock, telemetry::Metrics& metrics, const DriftOptions& options,
                std::function<void(const std::set<std::int16_t>&)> found);
  ~DriftConsumer() override;

  [[nodiscard]] std::string_view name() const override { return kConsumer; }
  [[nodiscard]] std::vector<std::string> topics() const override;
  Status connected(pg::Connection& connection) override;
  Status assigned(pg::Connection& connection, std::span<const postgres::Position> positions) override;
  std::size_t fold(std::span<const loop::Input> inputs) override;
  Status prepare(pg::Connection& connection) override;
  Status apply(pg::Connection& connection) override;
  Result<bool> isolate(pg::Connection& connection, const Error& error) override;
  void committed() override;

 private:
  struct Meters;
  // A stream as the database has it.
  struct Known {
    Stream stream;
    std::int64_t version = 0;  // 0: it has no row yet
    TimeUs last_time;
    std::optional<ReportKey> tail, base;
    State state;
    std::optional<Announced> announced;
  };
  // A stream that was heard of, and the group of the batch that its lines are in.
  struct Heard {
    Stream stream;
    std::uint64_t attempt = 0;  // that `group` is of
    std::size_t group = 0;
  };
  // A line of the batch. `seen` has its names no more.
  struct Line {
    Heard* heard = nullptr;
    Seen seen;
    Receipt receipt;
    TimeUs received_at;
    const log::ReadRecord* record = nullptr;
    std::int32_t index = 0;
    std::string_view text;
    bool dead = false;
  };
  struct Group {
    const Stream* stream = nullptr;
    std::vector<const Line*> lines;  // in the order of the log
  };
  using Groups = std::vector<Group>;
  struct Writes;

  void fold_record(const loop::Input& input);
  Heard& heard_of(const TenantId& tenant, std::string_view repo, std::string_view branch);
  Status load_settings(pg::Connection& connection, bool* changed);
  Groups group(std::span<const Line* const> lines);
  Status load_known(pg::Connection& connection, const Groups& groups);
  Result<std::set<const Line*>> find_copies(pg::Connection& connection, const Groups& groups);
  Result<Begin> begin_at(pg::Connection& connection, const Known& known, const ReportKey& first);
  Status take(pg::Connection& connection, const Group& group, const std::set<const Line*>& copies,
              Writes& writes);
  static void collect_drifts(const Stream& stream, const Timeline& timeline, Writes& writes);
  void collect(const Known& known, Timeline& timeline, Writes& writes);
  Status write(pg::Connection& connection, const Writes& writes);
  Status part(pg::Connection& connection, std::span<Line* const> lines);
  void bury(Line& line, const Error& why);
  Status apply_lines(pg::Connection& connection, std::span<const Line* const> lines);

  const Clock& clock_;
  DriftOptions options_;
  std::unique_ptr<Meters> meters_;
  std::function<void(const std::set<std::int16_t>&)> found_;
  loop::DeadPublisher publisher_;
  frame::MetaParser metas_;
  ReportDecoder decoder_;
  Matchers default_matchers_;
  std::map<TenantId, Matchers> matchers_;
  std::set<TenantId> erased_;
  TimeUs settings_at_;
  postgres::DriftSession session_;

  std::unordered_map<Uuid, Known> cache_;
  std::unordered_map<std::string, Heard> heard_;  // by their three names: making an id costs two hashes
  std::string stream_key_;
  // Of the batch.
  std::span<const loop::Input> inputs_;
  std::vector<Line> lines_;
  std::vector<postgres::DeadLetter> letters_;
  // Of the attempt under way.
  std::uint64_t attempt_ = 0;
  std::vector<Known> next_;
  std::set<std::int16_t> lanes_;
  std::map<std::string, std::uint64_t> counts_;
};

}  // namespace plumbline::drift
