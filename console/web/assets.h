// The console's page as the binary carries it: what Vite built from console/web, each file in every encoding
// that browsers ask for. Thread-safe: constants.
#pragma once
#include <span>
#include <string_view>

namespace plumbline::console {

struct Asset {
  std::string_view path;  // as requested, such as "/index.html" or "/assets/index-1a2b3c4d.js"
  std::string_view content_type;
  std::string_view identity;  // the file itself
  std::string_view gzip;      // the same compressed; empty where that saves nothing
  std::string_view br;
  std::string_view etag;   // quoted, strong, of the file itself: add a suffix for an encoding
  bool immutable = false;  // the name holds a hash of the content: cache it for a year
};

// Sorted by path; "/index.html" is always there.
[[nodiscard]] std::span<const Asset> assets();

}  // namespace plumbline::console
