// The page's files over HTTP: encodings, validators, cache lives. Pure; thread-safe.
#pragma once
#include <span>
#include <string_view>

#include "console/web/assets.h"
#include "core/http/server.h"

namespace plumbline::console {

// Of every answer; ends each line with CRLF. Nothing from other hosts, nothing inline, no frame around it.
[[nodiscard]] std::string_view security_fields(bool secure);

// Answers GET of `path`: a file, or the page itself for any path that the page's router knows; 404 under
// /assets/.
void answer_file(std::span<const Asset> assets, const http::RequestHead& head, bool secure,
                 http::Responder& responder);

}  // namespace plumbline::console
