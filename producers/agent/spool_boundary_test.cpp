// What a power cut or a kill can leave of a spool: for every byte that a write may have ended at, the files
// as they would lie there are opened, and what was whole before is given in order, once, and new is taken.
#include <fstream>
#include <iostream>
#include <random>

#include <gtest/gtest.h>

#include "producers/agent/packing.h"
#include "producers/agent/spool.h"
#include "tests/support/process/process.h"

namespace plumbline::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kBytesMax = std::int64_t{1} << 20;

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const fs::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

// Lines of many lengths, some of which look like the head of a frame.
std::vector<Item> some_items(unsigned seed, std::size_t count) {
  std::mt19937 random(seed);
  std::vector<Item> items;
  for (std::size_t i = 0; i < count; ++i) {
    std::string line = "{\"n\":" + std::to_string(i) + ",\"x\":\"";
    line.append(random() % 20, 'x');
    if (random() % 3 == 0) line += "PSp1";
    items.push_back({random() % 4 == 0, line + "\"}"});
  }
  return items;
}

std::vector<std::string> texts_of(const SpoolBatch& batch) {
  auto lines = lines_of(batch.blocks);
  EXPECT_TRUE(lines.ok());
  EXPECT_TRUE(!lines.ok() || lines->size() == batch.items);
  return lines.ok() ? std::move(*lines) : std::vector<std::string>{};
}

std::vector<std::string> drain(Spool& spool) {
  std::vector<std::string> lines;
  for (;;) {
    auto batch = spool.read(3, 200);
    EXPECT_TRUE(batch.ok());
    if (!batch.ok() || batch->items == 0) return lines;
    for (const std::string& text : texts_of(*batch)) lines.push_back(text);
    spool.consume(batch->next, batch->items);
  }
}

class SpoolBoundary : public testing::Test {
 protected:
  SpoolBoundary() { std::cout << "seed " << seed_ << "\n"; }

  // A spool of the items in segments of about `segment_bytes`, closed; its files by name.
  std::map<std::string, std::string> written(const std::vector<Item>& items, std::int64_t segment_bytes) {
    const fs::path folder = folder_.path() / "made";
    {
      auto spool = Spool::open({folder, kBytesMax, segment_bytes});
      EXPECT_TRUE(spool.ok());
      for (const Item& item : items) EXPECT_TRUE((*spool)->append({item}).ok());
    }
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::directory_iterator(folder))
      files[entry.path().filename().string()] = read_file(entry.path());
    return files;
  }

  // Those files in a folder of their own.
  fs::path laid(const std::map<std::string, std::string>& files) {
    const fs::path folder = folder_.path() / ("cut" + std::to_string(++folders_));
    fs::create_directory(folder);
    for (const auto& [name, bytes] : files) write_file(folder / name, bytes);
    return folder;
  }

  // Opens and drains: exactly the first `whole` items. Each seventh time one more is taken and the spool
  // opened again in between (each sync costs milliseconds where others use the disk too).
  void expect_first(const std::vector<Item>& items, std::size_t whole, const fs::path& folder) {
    const std::string fresh = "{\"n\":\"fresh\"}";
    const bool more = folders_ % 7 == 0;
    auto spool = Spool::open({folder, kBytesMax, kBytesMax});
    ASSERT_TRUE(spool.ok()) << spool.error().message;
    EXPECT_EQ((*spool)->state().waiting, static_cast<std::int64_t>(whole));
    if (more) {
      ASSERT_TRUE((*spool)->append({{false, fresh}}).ok());
      spool->reset();
      spool = Spool::open({folder, kBytesMax, kBytesMax});
      ASSERT_TRUE(spool.ok());
    }
    const auto lines = drain(**spool);
    ASSERT_EQ(lines.size(), whole + (more ? 1 : 0));
    for (std::size_t i = 0; i < whole; ++i) ASSERT_EQ(lines[i], items[i].line);
    if (more) {
      EXPECT_EQ(lines.back(), fresh);
    }
    EXPECT_EQ((*spool)->state().damaged_bytes, 0);
    EXPECT_EQ((*spool)->state().waiting, 0);
    spool->reset();
    fs::remove_all(folder);
  }

  const unsigned seed_ = std::random_device{}();
  test::TempFolder folder_{"boundary"};
  int folders_ = 0;
};

TEST_F(SpoolBoundary, EveryLengthThatAWriteCanEndAtGivesTheWholeFramesBeforeIt) {
  const auto items = some_items(seed_, 6);
  const auto files = written(items, kBytesMax);
  const auto segment = std::find_if(files.begin(), files.end(), [](const auto& file) {
    return segment_number(file.first) && !file.second.empty();
  });
  ASSERT_NE(segment, files.end());
  std::vector<std::size_t> ends;  // of each frame
  for (std::size_t end = 0; const Item& item : items) ends.push_back(end += frame_bytes(Block::of(item)));
  ASSERT_EQ(ends.back(), segment->second.size());
  for (std::size_t length = 0; length <= segment->second.size(); ++length) {
    auto cut = files;
    cut[segment->first].resize(length);
    const auto whole = static_cast<std::size_t>(
        std::count_if(ends.begin(), ends.end(), [&](std::size_t end) { return end <= length; }));
    SCOPED_TRACE(length);
    ASSERT_NO_FATAL_FAILURE(expect_first(items, whole, laid(cut)));
  }
}

// The size reached the disk and the bytes did not: what nobody synced reads as zeros.
TEST_F(SpoolBoundary, EveryLengthBehindWhichTheDiskHoldsZeros) {
  const auto items = some_items(seed_ + 1, 3);
  const auto files = written(items, kBytesMax);
  const auto segment = std::find_if(files.begin(), files.end(), [](const auto& file) {
    return segment_number(file.first) && !file.second.empty();
  });
  ASSERT_NE(segment, files.end());
  std::vector<std::size_t> ends;
  for (std::size_t end = 0; const Item& item : items) ends.push_back(end += frame_bytes(Block::of(item)));
  for (std::size_t length = 0; length <= segment->second.size(); ++length) {
    auto cut = files;
    std::string& bytes = cut[segment->first];
    std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(length), bytes.end(), '\0');
    const auto whole = static_cast<std::size_t>(
        std::count_if(ends.begin(), ends.end(), [&](std::size_t end) { return end <= length; }));
    SCOPED_TRACE(length);
    ASSERT_NO_FATAL_FAILURE(expect_first(items, whole, laid(cut)));
  }
}

TEST_F(SpoolBoundary, EveryLengthOfTheCursorRepeatsAndSkipsNothing) {
  const auto items = some_items(seed_ + 2, 20);
  auto files = written(items, 150);
  const fs::path folder = laid(files);
  std::size_t consumed = 0;
  {
    auto spool = Spool::open({folder, kBytesMax, 150});
    ASSERT_TRUE(spool.ok());
    for (int i = 0; i < 3; ++i) {
      auto batch = (*spool)->read(2, 4096);
      ASSERT_TRUE(batch.ok());
      consumed += batch->items;
      (*spool)->consume(batch->next, batch->items);
    }
  }
  files.clear();
  for (const auto& entry : fs::directory_iterator(folder))
    files[entry.path().filename().string()] = read_file(entry.path());
  const std::string cursor = files.at("cursor");
  for (std::size_t length = 0; length <= cursor.size(); ++length) {
    auto cut = files;
    cut["cursor"] = cursor.substr(0, length);
    auto spool = Spool::open({laid(cut), kBytesMax, 150});
    ASSERT_TRUE(spool.ok());
    const auto lines = drain(**spool);
    // Segments that were sent as a whole are gone; behind them nothing may miss.
    ASSERT_GE(lines.size(), items.size() - consumed) << "cursor cut at " << length;
    for (std::size_t i = 0; i < lines.size(); ++i)
      ASSERT_EQ(lines[i], items[items.size() - lines.size() + i].line);
    if (length == cursor.size()) {
      EXPECT_EQ(lines.size(), items.size() - consumed);
    }
  }
}

// One flipped byte anywhere costs at most the frame that it is in.
TEST_F(SpoolBoundary, EveryByteThatTheDiskDamagesCostsItsOwnFrame) {
  const auto items = some_items(seed_ + 3, 4);
  const auto files = written(items, kBytesMax);
  const auto segment = std::find_if(files.begin(), files.end(), [](const auto& file) {
    return segment_number(file.first) && !file.second.empty();
  });
  ASSERT_NE(segment, files.end());
  for (std::size_t at = 0; at < segment->second.size(); ++at) {
    auto damaged = files;
    damaged[segment->first][at] = static_cast<char>(damaged[segment->first][at] ^ 0x20);
    const fs::path folder = laid(damaged);
    auto spool = Spool::open({folder, kBytesMax, kBytesMax});
    ASSERT_TRUE(spool.ok());
    const auto lines = drain(**spool);
    ASSERT_GE(lines.size(), items.size() - 1) << "byte " << at;
    for (std::size_t i = 0, j = 0; i < lines.size(); ++i, ++j) {
      if (lines[i] != items[j].line) ++j;
      ASSERT_EQ(lines[i], items[j].line) << "byte " << at;
    }
    spool->reset();
    fs::remove_all(folder);
  }
}

}  // namespace
}  // namespace plumbline::agent
