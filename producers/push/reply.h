// What the edge answers. Pure.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace plumbline::push {

struct Rejected {
  std::int64_t index = -1;  // of the batch
  std::string id;
  std::string reason;
};

struct Reply {
  bool counted = false;  // it says what became of the records
  std::int64_t accepted = 0;
  std::vector<Rejected> rejected;
  std::string detail;  // of a problem document: what to change
};

// Takes {accepted, rejected} and application/problem+json; anything else is an empty Reply.
[[nodiscard]] Reply parse_reply(std::string_view body);

}  // namespace plumbline::push
