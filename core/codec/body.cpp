#include "core/codec/body.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "core/codec/structure.h"
#include "core/codec/text.h"
#include "core/limits.h"

namespace plumbline::codec {
namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

bool equal_ignoring_case(std::string_view a, std::string_view lower) {
  return std::equal(a.begin(), a.end(), lower.begin(), lower.end(), [](char x, char y) {
    return (x >= 'A' && x <= 'Z' ? static_cast<char>(x | 0x20) : x) == y;
  });
}

// Line ends that a token list shows to stand between tokens, never within a string.
void blank_line_ends(char* body, std::string_view text, std::span<const std::uint32_t> tokens) {
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const std::size_t end = i + 1 < tokens.size() ? tokens[i + 1] : text.size();
    for (std::size_t at = end; at-- > tokens[i] && is_space(body[at]);) {
      if (body[at] == '\n' || body[at] == '\r') body[at] = ' ';
    }
  }
}

bool has_line_end(std::string_view text) {
  return std::memchr(text.data(), '\n', text.size()) != nullptr ||
         std::memchr(text.data(), '\r', text.size()) != nullptr;
}

Error invalid(std::string message) {
  return poison("invalid_body", std::move(message));
}

}  // namespace

std::optional<MediaType> parse_media_type(std::string_view content_type) {
  const std::size_t semicolon = content_type.find(';');
  const std::string_view essence = trim(content_type.substr(0, semicolon));
  if (semicolon != std::string_view::npos) {
    const std::string_view parameter = trim(content_type.substr(semicolon + 1));
    if (!equal_ignoring_case(parameter, "charset=utf-8") &&
        !equal_ignoring_case(parameter, "charset=\"utf-8\"")) {
      return std::nullopt;
    }
  }
  if (equal_ignoring_case(essence, "application/json")) return MediaType::kJson;
  if (equal_ignoring_case(essence, "application/x-ndjson") ||
      equal_ignoring_case(essence, "application/ndjson")) {
    return MediaType::kNdjson;
  }
  return std::nullopt;
}

struct BodySplitter::Parts {
  Structure structure;
  std::vector<std::string_view> items;

  Status add(std::string_view item) {
    if (items.size() == limits::kTracesPerRequestMax) {
      return poison("too_many_items", "a request may hold at most " +
                                          std::to_string(limits::kTracesPerRequestMax) +
                                          " traces: send them in several");
    }
    items.push_back(item);
    return ok_status();
  }
  Status split_lines(char* body, std::string_view text);
  Status split_array(char* body, std::string_view text);
  Status single(char* body, std::string_view text);
  Status element(std::string_view text, std::size_t begin, std::size_t end);
};

Status BodySplitter::Parts::split_lines(char* body, std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = text.find('\n', at);
    if (end == std::string_view::npos) end = text.size();
    const std::string_view line = trim(text.substr(at, end - at));
    at = end + 1;
    if (line.empty()) continue;
    if (std::memchr(line.data(), '\r', line.size()) != nullptr && structure.index(line) == nullptr) {
      blank_line_ends(body + (line.data() - text.data()), line, structure.tokens());
    }
    if (Status added = add(line); !added) return added;
  }
  return ok_status();
}

Status BodySplitter::Parts::single(char* body, std::string_view text) {
  if (has_line_end(text) && structure.index(text) == nullptr) blank_line_ends(body, text, structure.tokens());
  return add(text);
}

Status BodySplitter::Parts::element(std::string_view text, std::size_t begin, std::size_t end) {
  const std::string_view item = trim(text.substr(begin, end - begin));
  if (item.empty()) return invalid("the array has an empty place: a comma too many");
  return add(item);
}

Status BodySplitter::Parts::split_array(char* body, std::string_view text) {
  if (const char* wrong = structure.index(text)) return invalid(std::string("the body ") + wrong);
  blank_line_ends(body, text, structure.tokens());
  const auto tokens = structure.tokens();
  if (tokens.size() == 2 && text.back() == ']') return ok_status();
  std::size_t depth = 0;
  std::size_t begin = 1;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const char c = text[tokens[i]];
    if (c == '[' || c == '{') {
      ++depth;
    } else if (c == ']' || c == '}') {
      if (--depth == 0) {
        if (c != ']' || i + 1 != tokens.size())
          return invalid("the array is followed by more than white space");
        return element(text, begin, tokens[i]);
      }
    } else if (c == ',' && depth == 1) {
      if (Status added = element(text, begin, tokens[i]); !added) return added;
      begin = tokens[i] + 1;
    }
  }
  return invalid("the array does not end");
}

BodySplitter::BodySplitter() : parts_(std::make_unique<Parts>()) {}
BodySplitter::~BodySplitter() = default;
BodySplitter::BodySplitter(BodySplitter&&) noexcept = default;
BodySplitter& BodySplitter::operator=(BodySplitter&&) noexcept = default;

Result<std::span<const std::string_view>> BodySplitter::split(char* body, std::size_t size, MediaType type) {
  Parts& parts = *parts_;
  parts.items.clear();
  const std::string_view text = trim({body, size});
  if (text.empty()) return poison("empty_body", "the body holds no trace");
  char* const start = body + (text.data() - body);
  Status done = ok_status();
  if (type == MediaType::kNdjson) {
    done = parts.split_lines(start, text);
  } else if (text.front() == '[') {
    done = parts.split_array(start, text);
  } else if (text.front() == '{') {
    done = parts.single(start, text);
  } else {
    return invalid("the body must be a JSON object or an array of them");
  }
  if (!done) return std::move(done).error();
  if (parts.items.empty()) return poison("empty_body", "the body holds no trace");
  return std::span<const std::string_view>(parts.items);
}

}  // namespace plumbline::codec
