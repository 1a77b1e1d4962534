#include "console/api/body.h"

#include <algorithm>
#include <cmath>

namespace plumbline::console {
namespace {

using Kind = codec::JsonValue::Kind;

Error wrong(std::string_view name, const std::string& what) {
  return poison("bad_request", std::string(name) + " " + what);
}

}  // namespace

Result<Body> Body::read(const Call& call, std::initializer_list<std::string_view> known) {
  if (call.body.empty()) return Body(std::move(codec::JsonValue::parse("{}")).value());
  if (!call.content_type.starts_with("application/json"))
    return poison("media_type", "send the body as application/json");
  auto value = codec::JsonValue::parse(call.body);
  if (!value || !value->is(Kind::kObject)) return poison("bad_request", "the body must be one JSON object");
  for (const auto& [name, member] : value->members()) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      std::string all;
      for (const auto each : known) all.append(all.empty() ? "" : ", ").append(each);
      return poison("bad_request", "the body has a member that is not known; it may have " + all);
    }
  }
  return Body(std::move(*value));
}

Result<std::string> Body::text(std::string_view name, std::size_t least, std::size_t most) const {
  const codec::JsonValue& found = value_[name];
  if (!found.is(Kind::kText) || found.text().size() < least || found.text().size() > most) {
    return wrong(name,
                 "must be a text of " + std::to_string(least) + " to " + std::to_string(most) + " bytes");
  }
  if (found.text().find('\0') != std::string_view::npos) return wrong(name, "must not hold U+0000");
  return std::string(found.text());
}

Result<std::string> Body::text_or(std::string_view name, std::string_view fallback, std::size_t most) const {
  if (!value_.has(name)) return std::string(fallback);
  return text(name, 0, most);
}

Result<bool> Body::boolean_or(std::string_view name, bool fallback) const {
  if (!value_.has(name)) return fallback;
  const auto found = value_[name].boolean();
  if (!value_[name].is(Kind::kBoolean) || !found) return wrong(name, "must be true or false");
  return *found;
}

Result<std::int64_t> Body::integer_or(std::string_view name, std::int64_t fallback, std::int64_t least,
                                      std::int64_t most) const {
  if (!value_.has(name)) return fallback;
  const auto found = value_[name].number();
  if (!value_[name].is(Kind::kNumber) || !found || std::floor(*found) != *found ||
      *found < static_cast<double>(least) || *found > static_cast<double>(most)) {
    return wrong(name,
                 "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  }
  return static_cast<std::int64_t>(*found);
}

Result<std::string> Body::word_or(std::string_view name, std::string_view fallback,
                                  std::initializer_list<std::string_view> words) const {
  if (!value_.has(name) && !fallback.empty()) return std::string(fallback);
  const std::string_view found = value_[name].text();
  if (value_[name].is(Kind::kText) && std::find(words.begin(), words.end(), found) != words.end())
    return std::string(found);
  std::string all;
  for (const auto each : words) all.append(all.empty() ? "" : ", ").append(each);
  return wrong(name, "must be one of " + all);
}

Result<std::vector<std::string>> Body::texts(std::string_view name, std::size_t count_max,
                                             std::size_t most) const {
  std::vector<std::string> all;
  if (!value_.has(name)) return all;
  const codec::JsonValue& found = value_[name];
  if (!found.is(Kind::kArray) || found.items().size() > count_max)
    return wrong(name, "must be an array of at most " + std::to_string(count_max) + " texts");
  for (const codec::JsonValue& item : found.items()) {
    if (!item.is(Kind::kText) || item.text().empty() || item.text().size() > most ||
        item.text().find('\0') != std::string_view::npos) {
      return wrong(name, "must hold texts of 1 to " + std::to_string(most) + " bytes");
    }
    all.emplace_back(item.text());
  }
  return all;
}

}  // namespace plumbline::console
