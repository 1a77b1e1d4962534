#include "producers/edge/outcomes.h"

#include <map>
#include <numeric>

#include "core/codec/records.h"

namespace plumbline::edge {
namespace {

// Counts by word; zero counts are left out.
template <class Enum, class Counts>
std::map<std::string, std::int64_t> by_word(const Counts& counts) {
  std::map<std::string, std::int64_t> words;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] != 0) words.emplace(to_word(static_cast<Enum>(i)), static_cast<std::int64_t>(counts[i]));
  }
  return words;
}

template <class Counts>
std::uint64_t sum(const Counts& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

}  // namespace

void Outcomes::add(const OutcomeKey& key, std::uint64_t accepted, const RejectCounts& rejected) {
  Counts& counts = counts_[key];
  counts.accepted += accepted;
  for (std::size_t i = 0; i < rejected.size(); ++i) counts.rejected[i] += rejected[i];
  ++counts.version;
}

void Outcomes::add_refused(const OutcomeKey& key, Refused why, std::uint64_t traces) {
  Counts& counts = counts_[key];
  counts.refused[static_cast<std::size_t>(why)] += traces;
  ++counts.version;
}

OutcomeRecord Outcomes::record_of(const OutcomeKey& key, const Counts& counts) {
  codec::OutcomeRecord record;
  record.run = key.run;
  record.tenant = key.tenant;
  record.minute = {key.minute * 60'000'000};
  record.accepted = static_cast<std::int64_t>(counts.accepted);
  record.received = static_cast<std::int64_t>(counts.accepted + sum(counts.rejected) + sum(counts.refused));
  record.rejected = by_word<RejectReason>(counts.rejected);
  record.refused = by_word<Refused>(counts.refused);
  return {codec::record_key(record), codec::encode(record), key, counts.version};
}

std::vector<OutcomeRecord> Outcomes::changed() const {
  std::vector<OutcomeRecord> records;
  for (const auto& [key, counts] : counts_) {
    if (counts.version != counts.confirmed) records.push_back(record_of(key, counts));
  }
  return records;
}

void Outcomes::confirmed(const OutcomeKey& key, std::uint64_t version) {
  const auto found = counts_.find(key);
  if (found != counts_.end() && found->second.confirmed < version) found->second.confirmed = version;
}

void Outcomes::forget_before(std::int64_t minute) {
  std::erase_if(counts_, [minute](const auto& entry) {
    return entry.first.minute < minute && entry.second.version == entry.second.confirmed;
  });
}

bool Outcomes::all_confirmed() const {
  for (const auto& [key, counts] : counts_) {
    if (counts.version != counts.confirmed) return false;
  }
  return true;
}

}  // namespace plumbline::edge
