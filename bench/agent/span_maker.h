// OTLP exports as a GenAI program's stock exporter sends them: protobuf, a batch of `chat` spans of one
// resource, each with a dozen attributes of the semantic conventions, fresh ids and times.
#pragma once
#include <cstdint>
#include <random>
#include <string>

#include "core/time.h"

namespace plumbline::bench {

class SpanMaker {
 public:
  explicit SpanMaker(std::uint64_t seed) : random_(seed) {}
  // One ExportTraceServiceRequest; about 560 bytes a span.
  void make(TimeUs now, int spans, std::string& body);

 private:
  std::mt19937_64 random_;
  std::string span_, scope_, resource_;
};

}  // namespace plumbline::bench
