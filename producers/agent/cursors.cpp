#include "producers/agent/cursors.h"

#include <algorithm>
#include <charconv>

#include <sys/stat.h>

#include "core/codec/json_value.h"
#include "core/codec/json_writer.h"
#include "core/crypto/sha256.h"
#include "producers/agent/files.h"

namespace plumbline::agent {
namespace {

using codec::JsonValue;

constexpr std::size_t kFileBytesMax = std::size_t{4} << 20;

// Texts, for an inode may be larger than a double is exact.
std::uint64_t number_of(const JsonValue& value) {
  std::uint64_t number = 0;
  std::from_chars(value.text().data(), value.text().data() + value.text().size(), number);
  return number;
}

Result<std::string> fingerprint(int fd, std::uint64_t bytes, const std::string& path) {
  auto head = read_at(fd, 0, bytes, path);
  if (!head) return head.error();
  return crypto::to_hex(crypto::sha256(*head));
}

}  // namespace

Result<Cursors> Cursors::load(std::filesystem::path file) {
  Cursors cursors(std::move(file));
  auto text = read_small(cursors.file_, kFileBytesMax);
  if (!text) return text.error();
  if (text->empty()) return cursors;
  const auto document = JsonValue::parse(*text);
  if (!document)
    return retryable("cursors",
                     cursors.file_.string() +
                         " can't be read; without it all files are read again, which stores nothing twice");
  for (const auto& [tail, files] : (*document)["tails"].members()) {
    for (const JsonValue& one : files.items()) {
      Cursor cursor;
      cursor.device = number_of(one["device"]);
      cursor.inode = number_of(one["inode"]);
      cursor.offset = number_of(one["offset"]);
      cursor.head_bytes = std::min(number_of(one["head_bytes"]), kHeadBytes);
      cursor.head_sha256 = one["head_sha256"].text();
      cursor.skipping = one["skipping"].boolean().value_or(false);
      cursor.path = one["path"].text();
      cursors.tails_[tail].push_back(std::move(cursor));
    }
  }
  return cursors;
}

Status Cursors::save() const {
  std::string text;
  codec::JsonWriter out(text);
  out.open_object().member("v", 1).key("tails").open_object();
  for (const auto& [tail, files] : tails_) {
    out.key(tail).open_array();
    for (const Cursor& cursor : files) {
      out.open_object()
          .member("device", std::to_string(cursor.device))
          .member("inode", std::to_string(cursor.inode))
          .member("offset", std::to_string(cursor.offset))
          .member("head_bytes", std::to_string(cursor.head_bytes))
          .member("head_sha256", cursor.head_sha256)
          .key("skipping")
          .boolean(cursor.skipping)
          .member("path", cursor.path)
          .close_object();
    }
    out.close_array();
  }
  out.close_object().close_object();
  return replace_file(file_, text + "\n", true);
}

Result<Cursor*> Cursors::find(const std::string& tail, int fd, const std::filesystem::path& path) {
  struct stat facts {};
  if (::fstat(fd, &facts) != 0) return system_error("file", path);
  const auto device = static_cast<std::uint64_t>(facts.st_dev);
  const auto inode = static_cast<std::uint64_t>(facts.st_ino);
  const auto size = static_cast<std::uint64_t>(facts.st_size);
  std::vector<Cursor>& files = tails_[tail];
  auto at = std::find_if(files.begin(), files.end(),
                         [&](const Cursor& c) { return c.inode == inode && c.device == device; });
  // A device's number may change when the machine starts; the fingerprint tells whether it is the file.
  if (at == files.end())
    at = std::find_if(files.begin(), files.end(),
                      [&](const Cursor& c) { return c.inode == inode && c.head_bytes > 0; });
  if (at == files.end()) {
    if (files.size() >= kFilesMax) files.erase(files.begin());
    at = files.insert(files.end(), Cursor{});
  } else {
    bool same = at->offset <= size;
    if (same && at->head_bytes > 0) {
      const auto head = fingerprint(fd, at->head_bytes, path);
      if (!head) return head.error();
      same = *head == at->head_sha256;
    }
    if (!same) *at = Cursor{};
  }
  at->device = device;
  at->inode = inode;
  at->path = path.string();
  return &*at;
}

Status Cursors::advance(Cursor& cursor, int fd, std::uint64_t offset) {
  cursor.offset = offset;
  const std::uint64_t wanted = std::min(offset, kHeadBytes);
  if (wanted == cursor.head_bytes) return ok_status();
  auto head = fingerprint(fd, wanted, cursor.path);
  if (!head) return head.error();
  cursor.head_bytes = wanted;
  cursor.head_sha256 = std::move(*head);
  return ok_status();
}

const std::vector<Cursor>& Cursors::of(const std::string& tail) const {
  static const std::vector<Cursor> kNone;
  const auto at = tails_.find(tail);
  return at == tails_.end() ? kNone : at->second;
}

}  // namespace plumbline::agent
