// In the page's place where it is not built (PLUMBLINE_PAGE=OFF): the API alone.
#include "console/web/assets.h"

namespace plumbline::console {
namespace {

constexpr Asset kNoPage[] = {
    {.path = "/index.html",
     .content_type = "text/plain; charset=utf-8",
     .identity = "This build has no page; the API is under /api/v1. Build with PLUMBLINE_PAGE=ON.\n",
     .gzip = {},
     .br = {},
     .etag = "\"none\""}};

}  // namespace

std::span<const Asset> assets() {
  return kNoPage;
}

}  // namespace plumbline::console
