// Any bytes in the segment of an embedded log, and a good log with some of its bytes changed: recovery opens
// it or says that it is damaged; what it opens can be read and appended to. With its bytes whole, everything
// synced is there.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "core/log/embedded/journal.h"
#include "core/log/embedded/reader.h"
#include "core/log/embedded/sim_files.h"

namespace {

using namespace plumbline;
using namespace plumbline::log;
using namespace plumbline::log::embedded;

void check(bool holds) {
  if (!holds) std::abort();
}

JournalOptions options() {
  JournalOptions made;
  made.segment_bytes = 48 << 10;
  made.zero_chunk_bytes = 8 << 10;
  made.salt_seed = 1;
  return made;
}

struct OneView final : Views {
  explicit OneView(std::shared_ptr<TopicView> v) : view(std::move(v)) {}
  Result<std::shared_ptr<TopicView>> find(std::string_view) override { return view; }
  std::uint64_t generation() override { return 0; }
  void wait(std::span<const TopicView* const>, std::uint64_t, std::chrono::steady_clock::time_point,
            const std::stop_token&) override {}
  std::shared_ptr<TopicView> view;
};

constexpr int kGroups = 4;

std::string value_of(std::int64_t offset) {
  return std::string(static_cast<std::size_t>(20 + 70 * offset), static_cast<char>('a' + offset));
}

// One partition, a record a group; the name of its only segment and where the appends end.
struct Made {
  std::string segment;
  std::uint64_t end = 0;
};

Status append(Journal& journal, std::int64_t offset) {
  std::vector<char> bytes;
  append_record(bytes, {"t", 0, "key", value_of(offset), {}, 1000});
  Pending pending[] = {{bytes.data(), static_cast<std::uint32_t>(bytes.size()), 0, -1}};
  if (Status done = journal.append(pending); !done) return done;
  check(pending[0].offset == offset);
  return journal.sync();
}

Made make(SimFiles& disk) {
  TopicMeta meta;
  meta.spec.name = "t";
  meta.spec.partitions = 1;
  meta.incarnation.bytes[0] = 7;
  auto journal = Journal::create(disk, meta, options());
  check(journal.ok());
  Made made;
  for (int i = 0; i < kGroups; ++i) check(append(**journal, i).ok());
  const auto segments = (*journal)->view()->segments();
  check(segments.size() == 1);
  made.segment = segment_path("t", segments.front()->header.number);
  made.end = segments.front()->end;
  return made;
}

// What is read of a recovered log is what was written, without a gap from its start. Returns how many.
std::int64_t read(Journal& journal) {
  JournalReader reader(std::make_shared<OneView>(journal.view()));
  check(reader.add({{"t", 0}, std::nullopt, ""}).ok());
  const auto all = reader.poll(std::size_t{1} << 30, std::chrono::milliseconds(0), {});
  if (!all) return -1;  // damaged where recovery does not look: said, not guessed
  std::int64_t next = 0;
  for (const ReadRecord& record : *all) {
    check(record.offset == next && record.key == "key" && record.value == value_of(next));
    ++next;
  }
  return next;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  SimFiles disk(1);
  const Made made = make(disk);
  if (size < 3) return 0;
  // Patches of { u16 where, u8 length, bytes }, over the groups and what is zero-filled behind them.
  bool touched = false;
  {
    auto file = disk.open(made.segment, false);
    check(file.ok());
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    while (rest.size() > 3) {
      const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(rest[i]); };
      const std::uint64_t where = (byte(0) | byte(1) << 8) % (made.end + 4096);
      const std::string_view bytes = rest.substr(3, byte(2));
      rest.remove_prefix(3 + bytes.size());
      if (bytes.empty()) continue;
      touched = touched || where < made.end;
      check((*file)->write_at(where, bytes).ok());
    }
    check((*file)->sync().ok());
  }
  auto journal = Journal::recover(disk, "t", options());
  if (!journal) {
    if (!touched) __builtin_trap();  // what was written behind the end is a torn tail, not damage
    return 0;
  }
  const std::int64_t held = read(**journal);
  if (held < 0) {
    check(touched);
    return 0;
  }
  check(held == kGroups);  // all of it was synced: nothing may be missing without a word
  check(append(**journal, held).ok());
  check(read(**journal) == held + 1);
  return 0;
}
