// Where readers get their topics from: the owner's memory, or the files for another process. Thread-safe.
#pragma once
#include <chrono>
#include <memory>
#include <span>
#include <stop_token>
#include <string_view>

#include "core/log/embedded/topic_view.h"

namespace plumbline::log::embedded {

class Views {
 public:
  virtual ~Views() = default;
  virtual Result<std::shared_ptr<TopicView>> find(std::string_view topic) = 0;
  // Rises whenever something became readable.
  [[nodiscard]] virtual std::uint64_t generation() = 0;
  // Waits until something of these topics became readable after `seen`, `until` or stop; may return before.
  virtual void wait(std::span<const TopicView* const> topics, std::uint64_t seen,
                    std::chrono::steady_clock::time_point until, const std::stop_token& stop) = 0;
};

}  // namespace plumbline::log::embedded
