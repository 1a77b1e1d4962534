// Where log lines go: a descriptor whose reader may have stopped (a paused terminal, a supervisor that
// hangs). Nobody who logs waits for it: a line that it does not take within 100 ms is dropped and counted,
// and so are those after it until it takes some again, which are then preceded by one that says how many were
// lost. Regular files always take lines. Thread-safe through the base's mutex.
#pragma once
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string_view>

#include <spdlog/sinks/base_sink.h>

namespace plumbline::telemetry {

class PatientSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  // The descriptor stays the caller's.
  explicit PatientSink(int descriptor) : descriptor_(descriptor) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override {}

 private:
  [[nodiscard]] bool takes(int wait_ms) const;
  bool put(std::string_view text);
  bool tell_dropped();

  const int descriptor_;
  bool stuck_ = false;
  bool torn_ = false;  // only a part of the last line went out
  std::uint64_t dropped_ = 0;
};

}  // namespace plumbline::telemetry
