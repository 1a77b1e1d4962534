// What health knows of the lines of one partition that it has counted: the newest of them by fingerprint, and
// how far back it is blind. A line is judged by what is known for certain; so a window of any size gives the
// same counts.
//
// Why a line beyond the horizon is new: its copies have its own time, and every counted line that left the
// window has a time at or before the horizon.
#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "core/ids.h"
#include "core/time.h"
#include "sinks/postgres/health_windows.h"

namespace plumbline::health {

using postgres::Fingerprint;

// The same on every machine and for ever: it is stored.
[[nodiscard]] Fingerprint fingerprint(const TenantId& tenant, TimeUs time, const Uuid& id);

// Open addressing with linear probing, at most 5/8 full: 26 to 51 bytes a fingerprint.
class FingerprintSet {
 public:
  [[nodiscard]] bool contains(const Fingerprint& print) const;
  // False: it was there.
  bool insert(const Fingerprint& print);
  void prefetch(const Fingerprint& print) const {
    if (!slots_.empty()) __builtin_prefetch(&slots_[print.low & (slots_.size() - 1)], 1);
  }
  void erase(const Fingerprint& print);
  [[nodiscard]] std::size_t size() const { return size_; }
  void clear();

 private:
  [[nodiscard]] std::size_t find(
      const Fingerprint& print) const;  // its slot, or the free one where it belongs
  void grow();
  std::vector<Fingerprint> slots_;  // {0, 0} is free; no fingerprint is that
  std::size_t size_ = 0;
};

// Not thread-safe. What is added is fresh until keep() or forget().
class Window {
 public:
  enum class Judgement { kNew, kRepeated, kUnknown };

  // As stored.
  void load(postgres::WindowPiece piece);
  void set_horizon(std::optional<TimeUs> horizon) { horizon_ = horizon; }

  // What the line is; a new one is in the window then.
  Judgement take(const Fingerprint& print, TimeUs time);
  // It will be taken soon.
  void prefetch(const Fingerprint& print) const { set_.prefetch(print); }
  // What was added since: a piece of its own, or what the newest piece gains (then the seq is that one's).
  [[nodiscard]] const postgres::WindowPiece& fresh() const { return fresh_; }
  void forget();
  void keep();

  [[nodiscard]] std::size_t size() const { return set_.size(); }
  // The oldest `pieces` of those kept: fingerprints in them, last seq and latest time.
  struct Tail {
    std::size_t pieces = 0;
    std::size_t prints = 0;
    std::int64_t upto = 0;
    TimeUs time_max{INT64_MIN};
  };
  // How much must go so that at least `prints` leave; counts the fresh piece as kept.
  [[nodiscard]] Tail oldest(std::size_t prints) const;
  // Precondition: keep() or forget() was called.
  void drop(const Tail& tail);

 private:
  void note(const Fingerprint& print, TimeUs time);
  std::deque<postgres::WindowPiece> pieces_;
  postgres::WindowPiece fresh_;
  FingerprintSet set_;
  std::optional<TimeUs> horizon_;
};

}  // namespace plumbline::health
