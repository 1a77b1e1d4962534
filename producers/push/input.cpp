#include "producers/push/input.h"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>

#include <sys/stat.h>

#include "core/clock.h"

namespace plumbline::push {
namespace {

namespace fs = std::filesystem;

bool is_trace_file(const fs::path& path) {
  const auto extension = path.extension();
  return extension == ".json" || extension == ".jsonl" || extension == ".ndjson" || extension == ".sarif" ||
         extension == ".xml";
}

Error cannot(const std::string& what, const std::string& name) {
  return poison("input", name + ": " + what);
}

Status add_folder(const fs::path& folder, std::vector<Input>& inputs) {
  std::error_code error;
  std::vector<fs::path> found;
  for (auto at = fs::recursive_directory_iterator(folder, error);
       !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    if (at->is_regular_file(error) && is_trace_file(at->path())) found.push_back(at->path());
  }
  if (error) return cannot("can't be listed: " + error.message(), folder.string());
  std::sort(found.begin(), found.end());
  for (const fs::path& path : found) inputs.push_back({fs::absolute(path).lexically_normal(), path.string()});
  return ok_status();
}

Result<std::string> read_all(std::istream& in, const std::string& name) {
  std::string text;
  char chunk[65536];
  while (in.read(chunk, sizeof chunk) || in.gcount() > 0) {
    text.append(chunk, static_cast<std::size_t>(in.gcount()));
    if (text.size() > kInputBytesMax) return cannot("is over 256 MiB: split it", name);
  }
  if (in.bad()) return cannot("can't be read to its end", name);
  return text;
}

}  // namespace

Result<std::vector<Input>> expand(const std::vector<std::string>& paths) {
  std::vector<Input> inputs;
  for (const std::string& path : paths) {
    std::error_code error;
    if (path == "-") {
      inputs.push_back({{}, "standard input"});
    } else if (fs::is_directory(path, error)) {
      if (Status added = add_folder(path, inputs); !added) return added.error();
    } else if (fs::exists(path, error)) {
      inputs.push_back({fs::absolute(path).lexically_normal(), path});
    } else {
      return cannot("there is no such file or folder", path);
    }
  }
  return inputs;
}

Result<std::string> read_text(const Input& input) {
  if (input.path.empty()) return read_all(std::cin, input.name);
  std::ifstream file(input.path, std::ios::binary);
  if (!file) return cannot("can't be opened", input.name);
  return read_all(file, input.name);
}

TimeUs written_at(const Input& input) {
  struct stat info {};
  if (input.path.empty() || stat(input.path.c_str(), &info) != 0) return SystemClock().now();
  return {std::int64_t{info.st_mtim.tv_sec} * 1000000 + info.st_mtim.tv_nsec / 1000};
}

}  // namespace plumbline::push
