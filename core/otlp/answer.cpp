#include "core/otlp/answer.h"

#include "core/codec/json_writer.h"

namespace plumbline::otlp {
namespace {

void varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>((value & 0x7f) | 0x80);
  out += static_cast<char>(value);
}

void bytes(std::string& out, std::uint32_t field, std::string_view value) {
  varint(out, (std::uint64_t{field} << 3) | 2);
  varint(out, value.size());
  out += value;
}

void number(std::string& out, std::uint32_t field, std::uint64_t value) {
  varint(out, std::uint64_t{field} << 3);
  varint(out, value);
}

}  // namespace

std::string_view content_type(Encoding encoding) {
  return encoding == Encoding::kJson ? "application/json" : "application/x-protobuf";
}

std::optional<Encoding> encoding_of(std::string_view content_type) {
  content_type = content_type.substr(0, content_type.find(';'));
  while (content_type.ends_with(' ')) content_type.remove_suffix(1);
  if (content_type == "application/json") return Encoding::kJson;
  if (content_type == "application/x-protobuf") return Encoding::kProtobuf;
  return std::nullopt;
}

std::string success(Signal signal, Encoding encoding, std::int64_t rejected, std::string_view message) {
  const bool full = rejected == 0 && message.empty();
  std::string out;
  if (encoding == Encoding::kJson) {
    if (full) return "{}";
    codec::JsonWriter json(out);
    json.open_object().key("partialSuccess").open_object();
    json.member(signal == Signal::kTraces ? "rejectedSpans" : "rejectedLogRecords", std::to_string(rejected));
    json.member("errorMessage", message).close_object().close_object();
    return out;
  }
  if (full) return out;
  std::string partial;
  if (rejected > 0) number(partial, 1, static_cast<std::uint64_t>(rejected));
  if (!message.empty()) bytes(partial, 2, message);
  bytes(out, 1, partial);
  return out;
}

std::string failure(Encoding encoding, int code, std::string_view message) {
  std::string out;
  if (encoding == Encoding::kJson) {
    codec::JsonWriter json(out);
    json.open_object().member("code", code).member("message", message).close_object();
    return out;
  }
  number(out, 1, static_cast<std::uint64_t>(code));
  bytes(out, 2, message);
  return out;
}

}  // namespace plumbline::otlp
