#include "consumers/health/window.h"

#include <algorithm>
#include <cstring>

namespace plumbline::health {
namespace {

// Smaller batches share a piece: quiet hours would make a row a second otherwise.
constexpr std::size_t kPiecePrints = 256;

// The finalizer of MurmurHash3 (Austin Appleby, public domain): a bijection in which each input bit moves
// half of the output bits.
std::uint64_t mixed(std::uint64_t x) {
  x ^= x >> 33;
  x *= 0xff51afd7ed558ccdULL;
  x ^= x >> 33;
  x *= 0xc4ceb9fe1a85ec53ULL;
  return x ^ x >> 33;
}

std::uint64_t word(const std::uint8_t* bytes) {
  std::uint64_t value = 0;
  for (int i = 7; i >= 0; --i) value = value << 8 | bytes[i];
  return value;
}

}  // namespace

// For one tenant and time a bijection of the id: two ids never meet. Otherwise 128 bits of hash.
Fingerprint fingerprint(const TenantId& tenant, TimeUs time, const Uuid& id) {
  const std::uint8_t* const t = tenant.value.bytes.data();
  const std::uint64_t low_seed = mixed(word(t) + mixed(static_cast<std::uint64_t>(time.value)));
  const std::uint64_t high_seed = mixed(word(t + 8) + low_seed);
  std::uint64_t low = word(id.bytes.data()) ^ low_seed, high = word(id.bytes.data() + 8) ^ high_seed;
  for (int round = 0; round < 2; ++round) {
    low += mixed(high);
    high += mixed(low);
  }
  if (low == 0 && high == 0) high = 1;
  return {low, high};
}

std::size_t FingerprintSet::find(const Fingerprint& print) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = print.low & mask;
  while (slots_[at] != Fingerprint{} && slots_[at] != print) at = (at + 1) & mask;
  return at;
}

bool FingerprintSet::contains(const Fingerprint& print) const {
  return !slots_.empty() && slots_[find(print)] == print;
}

void FingerprintSet::grow() {
  std::vector<Fingerprint> before = std::move(slots_);
  slots_.assign(std::max<std::size_t>(1024, before.size() * 2), {});
  for (const Fingerprint& print : before) {
    if (print != Fingerprint{}) slots_[find(print)] = print;
  }
}

bool FingerprintSet::insert(const Fingerprint& print) {
  if (8 * (size_ + 1) > 5 * slots_.size()) grow();
  const std::size_t at = find(print);
  if (slots_[at] == print) return false;
  slots_[at] = print;
  ++size_;
  return true;
}

void FingerprintSet::erase(const Fingerprint& print) {
  if (!contains(print)) return;
  const std::size_t mask = slots_.size() - 1;
  std::size_t hole = find(print);
  --size_;
  // Those behind it move up, unless they would come before the place where they are looked for.
  for (std::size_t at = (hole + 1) & mask; slots_[at] != Fingerprint{}; at = (at + 1) & mask) {
    const std::size_t home = slots_[at].low & mask;
    if (((at - home) & mask) < ((at - hole) & mask)) continue;
    slots_[hole] = slots_[at];
    hole = at;
  }
  slots_[hole] = {};
}

void FingerprintSet::clear() {
  slots_.clear();
  size_ = 0;
}

void Window::load(postgres::WindowPiece piece) {
  for (const Fingerprint& print : piece.prints) set_.insert(print);
  pieces_.push_back(std::move(piece));
}

Window::Judgement Window::take(const Fingerprint& print, TimeUs time) {
  if (horizon_ && time <= *horizon_) {
    return set_.contains(print) ? Judgement::kRepeated : Judgement::kUnknown;
  }
  if (!set_.insert(print)) return Judgement::kRepeated;
  note(print, time);
  return Judgement::kNew;
}

void Window::note(const Fingerprint& print, TimeUs time) {
  if (fresh_.prints.empty()) {
    const bool joins = !pieces_.empty() && pieces_.back().prints.size() < kPiecePrints;
    fresh_.seq = pieces_.empty() ? 1 : pieces_.back().seq + (joins ? 0 : 1);
    fresh_.time_max = {INT64_MIN};
  }
  fresh_.prints.push_back(print);
  fresh_.time_max = std::max(fresh_.time_max, time);
}

void Window::forget() {
  for (const Fingerprint& print : fresh_.prints) set_.erase(print);
  fresh_.prints.clear();
}

void Window::keep() {
  if (fresh_.prints.empty()) return;
  if (!pieces_.empty() && pieces_.back().seq == fresh_.seq) {
    postgres::WindowPiece& last = pieces_.back();
    last.prints.insert(last.prints.end(), fresh_.prints.begin(), fresh_.prints.end());
    last.time_max = std::max(last.time_max, fresh_.time_max);
    fresh_.prints.clear();
  } else {
    fresh_.prints.shrink_to_fit();
    pieces_.push_back(std::move(fresh_));
    fresh_ = {};
  }
}

Window::Tail Window::oldest(std::size_t prints) const {
  Tail tail;
  const auto take = [&](const postgres::WindowPiece& piece) {
    tail.prints += piece.prints.size();
    tail.upto = piece.seq;
    tail.time_max = std::max(tail.time_max, piece.time_max);
  };
  for (const postgres::WindowPiece& piece : pieces_) {
    if (tail.prints >= prints) return tail;
    take(piece);
    ++tail.pieces;
    if (piece.seq == fresh_.seq && !fresh_.prints.empty()) take(fresh_);
  }
  if (tail.prints < prints && !fresh_.prints.empty() &&
      (pieces_.empty() || pieces_.back().seq != fresh_.seq)) {
    take(fresh_);
    ++tail.pieces;
  }
  return tail;
}

void Window::drop(const Tail& tail) {
  for (std::size_t i = 0; i < tail.pieces; ++i) {
    for (const Fingerprint& print : pieces_.front().prints) set_.erase(print);
    pieces_.pop_front();
  }
  if (tail.pieces > 0) horizon_ = std::max(horizon_.value_or(tail.time_max), tail.time_max);
}

}  // namespace plumbline::health
