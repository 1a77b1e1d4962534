// The Decoder for those who read many lines of few writers: it remembers the forms that lines had and proves
// a line by one of them where it can (form.h). Same results, same errors, a third of the time; a line of a
// form that is not remembered costs a little more.
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/codec/decoder.h"
#include "core/codec/form.h"
#include "core/codec/structure.h"

namespace plumbline::codec {

// One per thread. Not thread-safe. Remembers at most 16 forms, some 100 KiB.
class FormDecoder {
 public:
  // As Decoder::decode.
  Result<const DecodedTrace*> decode(std::string_view line, Endpoint endpoint);

  // Lines that a form proved, and all.
  [[nodiscard]] std::uint64_t proven() const { return proven_; }
  [[nodiscard]] std::uint64_t lines() const { return lines_; }

 private:
  bool match(std::string_view line, Endpoint endpoint);
  void learn(std::string_view line, Kind kind);

  Decoder decoder_;
  Structure structure_;
  std::vector<Form> forms_;  // the last used first
  Found found_;
  DecodedTrace trace_;
  std::uint64_t proven_ = 0, lines_ = 0;
  // Writers that never repeat themselves: forms are left alone for a while.
  std::uint32_t tried_ = 0, missed_ = 0, rest_ = 0;
};

}  // namespace plumbline::codec
