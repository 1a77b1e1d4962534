#include "core/codec/structure.h"

#include <algorithm>
#include <bit>

#include <simdjson.h>

namespace plumbline::codec {
namespace {

// Memory is about 4 bytes per byte of text: what a large text took is given back at the next small one.
constexpr std::size_t kKeepBytes = std::size_t{256} << 10;
constexpr std::size_t kLeastBytes = std::size_t{4} << 10;

}  // namespace

struct Structure::Parser {
  std::unique_ptr<simdjson::internal::dom_parser_implementation> stages;
  std::size_t capacity = 0;

  bool fit(std::size_t bytes) {
    const bool too_large = capacity > kKeepBytes && bytes <= kKeepBytes / 2;
    if (stages && bytes < capacity && !too_large) return true;
    capacity = std::bit_ceil(std::max(bytes + 1, kLeastBytes));
    stages.reset();
    // The depth is that of its second stage, which is not used: walker.h bounds it.
    const auto error =
        simdjson::get_active_implementation()->create_dom_parser_implementation(capacity, 1, stages);
    if (error) stages.reset();
    return !error;
  }
};

Structure::Structure() : parser_(std::make_unique<Parser>()) {}
Structure::~Structure() = default;
Structure::Structure(Structure&&) noexcept = default;
Structure& Structure::operator=(Structure&&) noexcept = default;

const char* Structure::index(std::string_view text) {
  tokens_ = {};
  if (text.empty()) return "is empty";
  if (!parser_->fit(text.size())) return "is too large to parse";
  auto& stages = *parser_->stages;
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  switch (stages.stage1(bytes, text.size(), simdjson::stage1_mode::regular)) {
    case simdjson::SUCCESS:
      break;
    case simdjson::UTF8_ERROR:
      return "is not valid UTF-8";
    case simdjson::UNESCAPED_CHARS:
      return "has an unescaped control character in a string";
    case simdjson::UNCLOSED_STRING:
      return "has a string that does not end";
    case simdjson::EMPTY:
      return "is empty";
    default:
      return "is not JSON";
  }
  tokens_ = {stages.structural_indexes.get(), stages.n_structural_indexes};
  return nullptr;
}

}  // namespace plumbline::codec
