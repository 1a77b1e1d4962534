// What the user names, as texts: files, folders (their *.json, *.jsonl, *.ndjson, *.sarif and *.xml, in order
// of names) and
// "-" for standard input.
#pragma once
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "core/result.h"
#include "core/time.h"

namespace plumbline::push {

// A trace file is rotated at 10 MiB and a report is some MiB at most; the whole text is held in memory.
inline constexpr std::uintmax_t kInputBytesMax = std::uintmax_t{256} << 20;

struct Input {
  std::filesystem::path path;  // absolute; empty for standard input
  std::string name;            // as people call it
};

// Poison "input" for a path that is not there.
[[nodiscard]] Result<std::vector<Input>> expand(const std::vector<std::string>& paths);
// Poison "input" when it can't be read or is over kInputBytesMax.
[[nodiscard]] Result<std::string> read_text(const Input& input);
// When the file was written last; now for standard input.
[[nodiscard]] TimeUs written_at(const Input& input);

}  // namespace plumbline::push
