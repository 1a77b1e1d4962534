#include "core/otlp/names.h"

#include "core/codec/json_writer.h"
#include "core/otlp/events.h"

namespace plumbline::otlp {
namespace {

// Far more names than the conventions have.
constexpr std::size_t kNamesMax = 4096;
constexpr std::size_t kNameBytesMax = std::size_t{1} << 20;

}  // namespace

Member::Member(std::string_view name, Screen* screen) {
  codec::append_json_string(json, name);
  json += ':';
  if (screen != nullptr) facts = screen->facts(name);
}

Name::Name(std::string_view name, Screen* screen)
    : Member(name, screen), text(name), content(is_content(name)) {
  for (std::size_t i = 0; i < kKnown; ++i) {
    if (known_name(i) == name) known = static_cast<int>(i);
  }
}

Name& Names::look_up(std::string_view text, std::size_t place) {
  auto at = names_.find(text);
  if (at == names_.end()) {
    at = names_.try_emplace(std::string(text), text, screen_).first;
    bytes_ += text.size();
  }
  if (place < kPlaces) places_[place] = &at->second;
  return at->second;
}

void Names::begin_record() {
  if (names_.size() <= kNamesMax && bytes_ <= kNameBytesMax) return;
  names_.clear();
  places_ = {};
  bytes_ = 0;
}

}  // namespace plumbline::otlp
