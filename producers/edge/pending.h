// Requests whose frames are in the log's hands. A slot is free again when all its frames were acked, which
// may be after the client was told 503. Not thread-safe.
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/http/server.h"
#include "core/otlp/decode.h"
#include "core/padded_buffer.h"
#include "producers/edge/outcomes.h"

namespace plumbline::edge {

// What an OTLP exporter asked for, and so how it is answered.
struct OtlpForm {
  otlp::Signal signal = otlp::Signal::kTraces;
  otlp::Encoding encoding = otlp::Encoding::kProtobuf;
};

struct Pending {
  http::Responder responder;
  std::optional<OtlpForm> otlp;  // none: answered as Plumbline's own endpoints are
  std::uint32_t frames_left = 0;
  bool failed = false;
  bool log_full = false;  // what failed did so for want of room
  bool in_use = false;
  std::chrono::steady_clock::time_point since;
  OutcomeKey outcome;
  std::uint32_t received = 0;
  std::uint32_t accepted = 0;
  RejectCounts rejected{};
  std::size_t log_bytes = 0;   // taken from the log's budget
  std::size_t body_bytes = 0;  // taken from the bodies' budget, for what was unpacked
  PaddedBuffer unpacked;       // a decompressed body
  std::string body;            // of the 202, or of OTLP's 200
  std::string fields;
};

class PendingRequests {
 public:
  // The index stays valid until close().
  [[nodiscard]] std::uint32_t open() {
    if (free_.empty()) {
      free_.push_back(static_cast<std::uint32_t>(slots_.size()));
      slots_.push_back(std::make_unique<Pending>());
    }
    const std::uint32_t index = free_.back();
    free_.pop_back();
    slots_[index]->in_use = true;
    ++open_;
    return index;
  }
  [[nodiscard]] Pending& at(std::uint32_t index) { return *slots_[index]; }
  void close(std::uint32_t index) {
    Pending& slot = *slots_[index];
    slot.responder = {};
    slot.failed = slot.log_full = slot.in_use = false;
    slot.otlp.reset();
    slot.frames_left = 0;
    slot.log_bytes = slot.body_bytes = 0;
    slot.rejected = {};
    shrink(slot);
    --open_;
    free_.push_back(index);
  }
  [[nodiscard]] std::size_t open_count() const { return open_; }
  template <class Visit>
  void each(Visit visit) {
    for (auto& slot : slots_) {
      if (slot->in_use) visit(*slot);
    }
  }

 private:
  static void shrink(Pending& slot) {
    constexpr std::size_t kKept = std::size_t{64} << 10;
    if (slot.unpacked.capacity() > kKept) slot.unpacked = PaddedBuffer();
    if (slot.body.capacity() > kKept) slot.body = std::string();
    slot.unpacked.clear();
    slot.body.clear();
    slot.fields.clear();
  }
  std::vector<std::unique_ptr<Pending>> slots_;
  std::vector<std::uint32_t> free_;
  std::size_t open_ = 0;
};

}  // namespace plumbline::edge
