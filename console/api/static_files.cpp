#include "console/api/static_files.h"

#include <algorithm>
#include <string>

namespace plumbline::console {
namespace {

#define FIELDS                                                                                      \
  "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\nCross-Origin-Opener-Policy: " \
  "same-origin"                                                                                     \
  "\r\nCross-Origin-Resource-Policy: same-origin\r\nX-Frame-Options: DENY\r\nPermissions-Policy: "  \
  "camera=(), "                                                                                     \
  "geolocation=(), microphone=()\r\n"

const Asset* find(std::span<const Asset> assets, std::string_view path) {
  const auto at =
      std::lower_bound(assets.begin(), assets.end(), path,
                       [](const Asset& asset, std::string_view wanted) { return asset.path < wanted; });
  return at != assets.end() && at->path == path ? &*at : nullptr;
}

// Whether the client takes an encoding: named, and not with q=0.
bool accepts(std::string_view field, std::string_view encoding) {
  while (!field.empty()) {
    std::string_view item = field.substr(0, field.find(','));
    field.remove_prefix(std::min(item.size() + 1, field.size()));
    while (!item.empty() && item.front() == ' ') item.remove_prefix(1);
    const std::string_view name = item.substr(0, item.find_first_of("; "));
    if (name == encoding)
      return item.find("q=0") == std::string_view::npos || item.find("q=0.") != std::string_view::npos;
  }
  return false;
}

}  // namespace

std::string_view security_fields(bool secure) {
  return secure ? FIELDS "Strict-Transport-Security: max-age=31536000\r\n" : FIELDS;
}
#undef FIELDS

void answer_file(std::span<const Asset> assets, const http::RequestHead& head, bool secure,
                 http::Responder& responder) {
  const std::string_view path = head.path();
  const Asset* asset = find(assets, path);
  if (asset == nullptr && !path.starts_with("/assets/")) asset = find(assets, "/index.html");
  std::string fields(security_fields(secure));
  if (asset == nullptr) {
    responder.send({.status = 404,
                    .content_type = "text/plain",
                    .extra_fields = fields,
                    .body = "there is no such file\n"});
    return;
  }
  const std::string_view wanted = head.field("accept-encoding");
  std::string_view body = asset->identity, encoding;
  if (!asset->br.empty() && accepts(wanted, "br")) {
    body = asset->br;
    encoding = "br";
  } else if (!asset->gzip.empty() && accepts(wanted, "gzip")) {
    body = asset->gzip;
    encoding = "gzip";
  }
  std::string etag(asset->etag);
  if (!encoding.empty() && etag.ends_with('"')) etag.insert(etag.size() - 1, "-" + std::string(encoding));
  fields +=
      "Content-Security-Policy: default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri "
      "'none'; form-action "
      "'self'; frame-ancestors 'none'\r\nVary: Accept-Encoding\r\nETag: " +
      etag + "\r\n";
  fields += asset->immutable ? "Cache-Control: public, max-age=31536000, immutable\r\n"
                             : "Cache-Control: no-cache\r\n";
  if (!encoding.empty()) fields += "Content-Encoding: " + std::string(encoding) + "\r\n";
  if (head.field("if-none-match").find(etag) != std::string_view::npos) {
    responder.send({.status = 304, .extra_fields = fields});
    return;
  }
  responder.send({.status = 200, .content_type = asset->content_type, .extra_fields = fields, .body = body});
}

}  // namespace plumbline::console
