// Follows a file that another program appends to, with its archives after rotation (NAME.1, NAME.2, ...),
// into the intake. Takes a line only when it is ended; moves its cursor only when the spool has the line on
// disk. When the spool is full it does not read on. Not thread-safe.
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "producers/agent/cursors.h"
#include "producers/agent/intake.h"
#include "producers/agent/rejected.h"
#include "producers/push/convert.h"

namespace plumbline::agent {

struct TailOptions {
  std::filesystem::path path;                  // absolute
  push::Form form = push::Form::kAtlasBridge;  // or kNative
  push::Labels labels;
};

struct TailState {
  std::string path;
  std::int64_t taken = 0;         // events into the spool, since start
  std::int64_t refused = 0;       // lines that are no events, since start
  std::int64_t behind_bytes = 0;  // over all its files
  std::string error;              // of the last poll
};

class Tail {
 public:
  Tail(TailOptions options, Cursors& cursors, Intake& intake, RejectedFile& rejected);
  // Reads what there is, up to kPollBytesMax. True when there may be more at once.
  bool poll();
  [[nodiscard]] const TailState& state() const { return state_; }
  // Its cursors' name.
  [[nodiscard]] std::string name() const { return options_.path.string(); }

  static constexpr std::size_t kPollBytesMax = std::size_t{4} << 20;

 private:
  struct Opened {
    Fd fd;
    std::filesystem::path path;
  };
  void open_files();
  Result<bool> read(Opened& file, std::size_t& budget);
  Status take(Opened& file, std::string_view text, std::uint64_t from);
  void refuse(const Opened& file, std::uint64_t offset, std::string_view reason, const std::string& detail);

  const TailOptions options_;
  Cursors& cursors_;
  Intake& intake_;
  RejectedFile& rejected_;
  // By device and inode: a file that is rotated away, or removed, is read to its end.
  std::map<std::pair<std::uint64_t, std::uint64_t>, Opened> opened_;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> order_;  // oldest archive first, the file itself last
  bool dirty_ = false;
  TailState state_;
};

}  // namespace plumbline::agent
