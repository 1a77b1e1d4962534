// From a verified, decompressed body to the lines that may enter the log and the list of those that may not.
// Pure but for the parser's reused memory: any split of the same lines into requests gives the same accepted
// lines.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/arena.h"
#include "core/codec/body.h"
#include "core/codec/form_decoder.h"
#include "core/padded_buffer.h"
#include "core/result.h"
#include "core/time.h"
#include "producers/edge/admit.h"
#include "producers/edge/frames.h"
#include "producers/edge/outcomes.h"

namespace plumbline::edge {

// What one request holds. Views live until the body, the arena or the next read() of the same Intake goes.
struct Intaken {
  std::size_t received = 0;
  std::span<const AcceptedLine> accepted;
  std::span<const AgentShare> shares;  // accepted traces by agent
  RejectCounts rejected{};
  std::string_view rejections;  // for append_accepted
};

// Not thread-safe: one for each worker.
class Intake {
 public:
  // Poison as codec::BodySplitter::split: the whole body can't be told into lines.
  Result<Intaken> read(PaddedBuffer& body, codec::MediaType type, codec::Endpoint endpoint, TimeUs now,
                       int retention_days, Arena& arena);

 private:
  void judge(std::size_t index, std::string_view line, codec::Endpoint endpoint, TimeUs now, TimeUs oldest,
             Arena& arena);
  void reject(std::size_t index, std::string_view id, RejectReason reason, std::string_view detail);
  void count_share(std::string_view agent);
  void accept(std::string_view line, const codec::DecodedTrace& trace, Arena& arena);

  codec::BodySplitter splitter_;
  codec::FormDecoder decoder_;
  std::vector<AcceptedLine> accepted_;
  std::vector<AgentShare> shares_;
  std::unordered_map<std::string_view, std::uint32_t> share_index_;  // of shares_
  RejectCounts rejected_{};
  std::string rejections_;
  std::string summary_;
};

}  // namespace plumbline::edge
