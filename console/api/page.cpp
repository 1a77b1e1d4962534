#include "console/api/page.h"

#include <algorithm>
#include <charconv>

#include "core/codec/json_value.h"
#include "core/codec/json_writer.h"
#include "core/crypto/base64.h"
#include "core/time.h"

namespace plumbline::console {
namespace {

using codec::JsonValue;

Error wrong(std::string_view name, const std::string& what) {
  return poison("bad_request", std::string(name) + " " + what);
}

bool is_utf8(std::string_view text) {
  std::string quoted;
  codec::append_json_string(quoted, text);
  return quoted.find("\xef\xbf\xbd") == std::string::npos ||
         text.find("\xef\xbf\xbd") != std::string_view::npos;
}

// RFC 4180; a field that a spreadsheet would take for a formula gets a quote in front.
void append_csv_field(std::string& out, std::string_view text, bool is_text) {
  const bool formula =
      is_text && !text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos;
  if (!formula && text.find_first_of(",\"\r\n") == std::string_view::npos) {
    out += text;
    return;
  }
  out += '"';
  if (formula) out += '\'';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

// The text of each member of a flat object, as the row has it.
std::string csv_of(const std::vector<PageRow>& rows) {
  std::string out;
  bool head = false;
  for (const PageRow& row : rows) {
    const auto object = JsonValue::parse(row.json);
    if (!object) continue;
    if (!head) {
      for (std::size_t i = 0; i < object->members().size(); ++i) {
        if (i > 0) out += ',';
        append_csv_field(out, object->members()[i].first, false);
      }
      out += "\r\n";
      head = true;
    }
    bool first = true;
    for (const auto& [name, value] : object->members()) {
      if (!first) out += ',';
      first = false;
      if (value.is(JsonValue::Kind::kText)) {
        append_csv_field(out, value.text(), true);
      } else if (value.is(JsonValue::Kind::kBoolean)) {
        out += value.boolean().value_or(false) ? "true" : "false";
      } else if (value.is(JsonValue::Kind::kNumber)) {
        char digits[40];
        const auto end = std::to_chars(digits, digits + sizeof digits, value.number().value_or(0)).ptr;
        out.append(digits, end);
      } else if (value.is(JsonValue::Kind::kArray)) {
        std::string all;
        for (const JsonValue& item : value.items()) all.append(all.empty() ? "" : " ").append(item.text());
        append_csv_field(out, all, true);
      } else if (value.is(JsonValue::Kind::kObject)) {
        append_csv_field(out, value.members().empty() ? "" : value.members().front().second.text(), true);
      }
    }
    out += "\r\n";
  }
  return out;
}

}  // namespace

Result<Page> page_of(const Call& call, std::size_t key_parts) {
  Page page;
  auto format = word_parameter(call, "format", {"json", "csv", "ndjson"});
  if (!format) return format.error();
  if (*format) page.format = **format;
  if (page.format != "json") page.limit = kExportRowsMax;
  if (const auto limit = call.parameter("limit")) {
    const auto [end, code] = std::from_chars(limit->data(), limit->data() + limit->size(), page.limit);
    const bool whole = code == std::errc() && end == limit->data() + limit->size();
    if (!whole || page.limit < 1 || page.limit > kPageRowsMax)
      return wrong("limit", "must be a whole number from 1 to " + std::to_string(kPageRowsMax));
  }
  if (const auto cursor = call.parameter("cursor"); cursor && !cursor->empty()) {
    const auto text = crypto::base64url_decode(*cursor);
    const auto parts = JsonValue::parse(text.value_or(""));
    if (!parts || !parts->is(JsonValue::Kind::kArray) || parts->items().size() != key_parts)
      return wrong("cursor", "must be the next_cursor of the page before");
    for (const JsonValue& part : parts->items()) page.after.emplace_back(part.text());
  }
  return page;
}

Answer page_answer(const Page& page, std::vector<PageRow> rows, std::string_view extra) {
  std::string cursor;
  if (static_cast<std::int64_t>(rows.size()) > page.limit) {
    rows.resize(static_cast<std::size_t>(page.limit));
    std::string parts;
    codec::JsonWriter out(parts);
    out.open_array();
    std::string_view key = rows.back().key;
    for (;;) {
      const auto at = key.find(kKeyBetween);
      out.text(key.substr(0, at));
      if (at == std::string_view::npos) break;
      key.remove_prefix(at + kKeyBetween.size());
    }
    out.close_array();
    cursor = crypto::base64url_encode(parts);
  }
  Answer answer;
  if (page.format == "csv") {
    answer.content_type = "text/csv; charset=utf-8";
    answer.body = csv_of(rows);
  } else if (page.format == "ndjson") {
    answer.content_type = "application/x-ndjson";
    for (const PageRow& row : rows) answer.body.append(row.json).append("\n");
  } else {
    answer.body = "{\"items\":[";
    for (std::size_t i = 0; i < rows.size(); ++i) answer.body.append(i > 0 ? "," : "").append(rows[i].json);
    answer.body += "],\"next_cursor\":" + (cursor.empty() ? "null" : "\"" + cursor + "\"");
    if (!extra.empty()) answer.body.append(",").append(extra);
    answer.body += "}";
  }
  if (page.format != "json") {
    answer.fields = "Content-Disposition: attachment\r\n";
    if (!cursor.empty()) answer.fields += "X-Next-Cursor: " + cursor + "\r\n";
  }
  return answer;
}

Reply answer_page(Ask& ask, const Page& page, std::size_t key_parts, std::string_view sql,
                  std::initializer_list<pg::Param> params, std::string_view extra) {
  std::vector<pg::Param> all(params);
  for (std::size_t i = 0; i < key_parts; ++i)
    all.push_back(page.after.empty() ? pg::Param{} : pg::Param{page.after[i]});
  const std::string wanted = std::to_string(page.limit + 1);
  all.push_back(wanted);
  auto rows =
      as_reader(ask.database, ask.scope.tenant, [&](pg::Connection& c) -> Result<std::vector<PageRow>> {
        auto found = c.query(sql, std::span<const pg::Param>(all));
        if (!found) return found.error();
        std::vector<PageRow> copied;
        for (int i = 0; i < found->size(); ++i)
          copied.push_back({std::string(found->text(i, 0)), std::string(found->text(i, 1))});
        return copied;
      });
  if (!rows) return rows.error();
  return std::optional(page_answer(page, std::move(*rows), extra));
}

Result<std::optional<std::string>> one_json(Ask& ask, std::string_view sql,
                                            std::initializer_list<pg::Param> params) {
  return as_reader(ask.database, ask.scope.tenant,
                   [&](pg::Connection& c) -> Result<std::optional<std::string>> {
                     auto found = c.query(sql, params);
                     if (!found) return found.error();
                     if (found->size() == 0 || found->is_null(0, 0)) return std::optional<std::string>();
                     return std::optional(std::string(found->text(0, 0)));
                   });
}

Result<std::optional<std::string>> moment_parameter(const Call& call, std::string_view name) {
  const auto text = call.parameter(name);
  if (!text || text->empty()) return std::optional<std::string>();
  const auto moment = parse_rfc3339(*text);
  if (!moment) return wrong(name, "must be a moment such as 2026-11-02T09:00:00Z");
  return std::optional(format_rfc3339(*moment));
}

Result<std::optional<std::string>> text_parameter(const Call& call, std::string_view name, std::size_t most) {
  auto text = call.parameter(name);
  if (!text || text->empty()) return std::optional<std::string>();
  if (text->size() > most || !is_utf8(*text))
    return wrong(name, "must be UTF-8 of at most " + std::to_string(most) + " bytes");
  return std::optional(std::move(*text));
}

Result<std::optional<std::string>> word_parameter(const Call& call, std::string_view name,
                                                  std::initializer_list<std::string_view> words) {
  auto text = call.parameter(name);
  if (!text || text->empty()) return std::optional<std::string>();
  if (std::find(words.begin(), words.end(), *text) != words.end()) return std::optional(std::move(*text));
  std::string all;
  for (const auto each : words) all.append(all.empty() ? "" : ", ").append(each);
  return wrong(name, "must be one of " + all);
}

}  // namespace plumbline::console
