// Lists: a page of rows as JSON, or the same rows as CSV or NDJSON to save. Rows come from SQL as JSON
// objects.
#pragma once
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "console/api/handlers.h"
#include "console/api/service.h"

namespace plumbline::console {

// What a list asks for. A cursor is the last row's key, opaque to clients.
struct Page {
  std::int64_t limit = 50;
  std::vector<std::string> after;  // parts of the key; empty: from the start
  std::string format = "json";
};
inline constexpr std::int64_t kPageRowsMax = 200;
inline constexpr std::int64_t kExportRowsMax = 10'000;
inline constexpr std::string_view kKeyBetween = "\x1f";

// Reads limit, cursor and format; `key_parts`: how many a cursor has. Poison "bad_request".
[[nodiscard]] Result<Page> page_of(const Call& call, std::size_t key_parts);

// Runs a list's statement as the tenant's reader and writes the page. Its columns: the row as a JSON object,
// and the row's key with kKeyBetween between the parts. Its parameters: `params`, then the parts of the
// cursor (NULL at the start), then the number of rows wanted, one more than shown. `extra`: members behind
// items and next_cursor, such as `"chain":{...}`.
[[nodiscard]] Reply answer_page(Ask& ask, const Page& page, std::size_t key_parts, std::string_view sql,
                                std::initializer_list<pg::Param> params, std::string_view extra = "");

// The answer from rows that were read already, in their order.
struct PageRow {
  std::string json;
  std::string key;
};
[[nodiscard]] Answer page_answer(const Page& page, std::vector<PageRow> rows, std::string_view extra = "");

// One row's JSON from a statement as the tenant's reader; nullopt: there is none.
[[nodiscard]] Result<std::optional<std::string>> one_json(Ask& ask, std::string_view sql,
                                                          std::initializer_list<pg::Param> params);

// A parameter that is a moment, an UUID; nullopt when it is not given. Poison "bad_request".
[[nodiscard]] Result<std::optional<std::string>> moment_parameter(const Call& call, std::string_view name);
// A text, checked for length (in bytes) and UTF-8.
[[nodiscard]] Result<std::optional<std::string>> text_parameter(const Call& call, std::string_view name,
                                                                std::size_t most);
[[nodiscard]] Result<std::optional<std::string>> word_parameter(
    const Call& call, std::string_view name, std::initializer_list<std::string_view> words);
[[nodiscard]] inline pg::Param param_of(const std::optional<std::string>& value) {
  return value ? pg::Param{*value} : pg::Param{};
}

}  // namespace plumbline::console
