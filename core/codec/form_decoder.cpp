#include "core/codec/form_decoder.h"

#include <algorithm>

#include "core/limits.h"

namespace plumbline::codec {
namespace {

constexpr std::size_t kFormsMax = 16;
// Learning costs about as much as decoding twice. When more than half of so many lines had no form, nothing
// is tried for the next kRest lines.
constexpr std::uint32_t kTried = 256, kRest = 2048;
// A longer line has parts that no other one has.
constexpr std::size_t kLineBytesMax = 64 << 10;

}  // namespace

Result<const DecodedTrace*> FormDecoder::decode(std::string_view line, Endpoint endpoint) {
  ++lines_;
  if (line.size() > kLineBytesMax) return decoder_.decode(line, endpoint);
  if (rest_ > 0) {
    --rest_;
    return decoder_.decode(line, endpoint);
  }
  if (match(line, endpoint)) {
    ++proven_;
    return &trace_;
  }
  auto decoded = decoder_.decode(line, endpoint);
  if (decoded) learn(line, (*decoded)->kind);
  return decoded;
}

bool FormDecoder::match(std::string_view line, Endpoint endpoint) {
  if (++tried_ > kTried) {
    if (missed_ > kTried / 2) rest_ = kRest;
    tried_ = missed_ = 0;
  }
  if (forms_.empty() || structure_.index(line) != nullptr) {
    ++missed_;
    return false;
  }
  for (std::size_t i = 0; i < forms_.size(); ++i) {
    if (!forms_[i].match(line, structure_.tokens(), found_)) continue;
    found_.kind = forms_[i].kind();
    if ((found_.kind == Kind::kReport) != (endpoint == Endpoint::kReports)) return false;
    if (i > 0)
      std::rotate(forms_.begin(), forms_.begin() + static_cast<std::ptrdiff_t>(i),
                  forms_.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    trace_.id = found_.id;
    trace_.time = found_.time;
    fill(found_.kind, found_, found_, trace_);
    return true;
  }
  ++missed_;
  return false;
}

void FormDecoder::learn(std::string_view line, Kind kind) {
  if (structure_.index(line) != nullptr) return;
  Form form;
  if (!form.learn(line, structure_.tokens(), kind)) return;
  if (forms_.size() == kFormsMax) forms_.pop_back();
  forms_.insert(forms_.begin(), std::move(form));
}

}  // namespace plumbline::codec
