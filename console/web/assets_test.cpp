#include "console/web/assets.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include <gtest/gtest.h>

#include "core/compress/compress.h"

namespace plumbline::console {
namespace {

const Asset* find(std::string_view path) {
  const auto all = assets();
  const auto at = std::find_if(all.begin(), all.end(), [&](const Asset& a) { return a.path == path; });
  return at == all.end() ? nullptr : &*at;
}

TEST(Assets, HaveThePageAndWhatItLoads) {
  const Asset* page = find("/index.html");
  ASSERT_NE(page, nullptr);
  EXPECT_EQ(page->content_type, "text/html; charset=utf-8");
  EXPECT_FALSE(page->immutable);
  std::size_t loaded = 0;
  for (std::size_t at = 0; (at = page->identity.find("\"/assets/", at)) != std::string_view::npos; ++loaded) {
    const std::size_t end = page->identity.find('"', ++at);
    const Asset* asset = find(page->identity.substr(at, end - at));
    ASSERT_NE(asset, nullptr) << page->identity.substr(at, end - at);
    EXPECT_TRUE(asset->immutable);
  }
  EXPECT_GE(loaded, 3U) << "script, styles and icon";
}

// The policy is default-src 'self' without 'unsafe-inline': what stands in the document itself would not run.
TEST(Assets, ThePageHasNothingInline) {
  const std::string_view page = find("/index.html")->identity;
  EXPECT_EQ(page.find("<style"), std::string_view::npos);
  EXPECT_EQ(page.find(" style="), std::string_view::npos);
  EXPECT_EQ(page.find("://"), std::string_view::npos) << "another host";
  for (std::size_t at = 0; (at = page.find("<script", at)) != std::string_view::npos; ++at) {
    const std::size_t open = page.find('>', at);
    EXPECT_NE(page.substr(at, open - at).find(" src="), std::string_view::npos);
    EXPECT_EQ(page.substr(open + 1, 9), "</script>");
  }
}

TEST(Assets, AreSortedWithEtagsAndDecompressToThemselves) {
  const auto all = assets();
  EXPECT_TRUE(
      std::is_sorted(all.begin(), all.end(), [](const Asset& a, const Asset& b) { return a.path < b.path; }));
  std::size_t compressed = 0;
  compress::Decompressor decompressor;
  for (const Asset& asset : all) {
    EXPECT_TRUE(asset.etag.size() > 2 && asset.etag.front() == '"' && asset.etag.back() == '"') << asset.path;
    compressed += asset.gzip.empty() ? asset.identity.size() : asset.gzip.size();
    if (asset.gzip.empty()) continue;
    EXPECT_LE(asset.br.size(), asset.gzip.size()) << asset.path;
    PaddedBuffer text;
    const Status done = decompressor.run(compress::Encoding::kGzip, asset.gzip, text, asset.identity.size());
    ASSERT_TRUE(done.ok()) << asset.path;
    EXPECT_EQ(text.view(), asset.identity) << asset.path;
  }
  EXPECT_LE(compressed, 250'000U);
}

}  // namespace
}  // namespace plumbline::console
