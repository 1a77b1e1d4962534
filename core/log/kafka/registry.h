// What is known of each topic, so that a record is refused before it is queued: partitions, and the size that
// ensure_topic agreed on. Thread-safe.
#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "core/log/kafka/control.h"
#include "core/log/log.h"

namespace plumbline::log::kafka {

struct KnownTopic {
  std::int32_t partitions = 0;
  std::int64_t record_bytes_max = 0;
};

class Registry {
 public:
  explicit Registry(std::shared_ptr<Control> control) : control_(std::move(control)) {}
  void ensured(const TopicSpec& spec, std::int32_t partitions);
  // Asks the cluster about a topic that nobody ensured, at most once a second for each: one that can't be
  // told stays unknown, so that a producer's thread is not held up again and again. Why not, in static
  // storage, in `reason`.
  KnownTopic find(std::string_view topic, std::string_view& reason);

 private:
  struct Entry {
    KnownTopic known;
    std::string_view reason;
    std::chrono::steady_clock::time_point asked;
  };
  std::shared_ptr<Control> control_;
  std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> topics_;
};

}  // namespace plumbline::log::kafka
