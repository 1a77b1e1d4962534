// What will never be sent, for its owner to look at: lines of {time, reason, detail, event?} in a file of
// bounded size, and how many there were since the agent's first start. Thread-safe.
#pragma once
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string_view>

#include "core/clock.h"
#include "core/result.h"

namespace plumbline::agent {

class RejectedFile {
 public:
  // Files rejected.ndjson and rejected.ndjson.1 in the folder, each up to kBytesMax.
  static constexpr std::uintmax_t kBytesMax = std::uintmax_t{4} << 20;
  RejectedFile(std::filesystem::path folder, const Clock& clock);

  // `event`: the redacted event, where there is one.
  void add(std::string_view reason, std::string_view detail, std::string_view event = {});
  [[nodiscard]] std::int64_t count() const;

 private:
  const std::filesystem::path folder_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::int64_t count_ = 0;
};

}  // namespace plumbline::agent
