#include "producers/push/chain_state.h"

#include <charconv>
#include <fstream>
#include <iterator>

#include "core/codec/json_writer.h"
#include "core/codec/python_canonical.h"
#include "core/crypto/sha256.h"
#include "producers/push/document.h"

namespace plumbline::push {
namespace {

namespace fs = std::filesystem;

std::string slurp(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Error cannot(const fs::path& path) {
  return retryable("state",
                   path.string() + " can't be written: a lost tail of this file will not be noticed");
}

// Does one of the archives hold the recorded chain, whole?
bool is_archived(const fs::path& file, const chain::Recorded& recorded) {
  constexpr int kArchives = 3;  // as many as AtlasBridge keeps
  for (int i = 1; i <= kArchives; ++i) {
    fs::path archive = file;
    archive.replace_extension(".jsonl." + std::to_string(i));
    const chain::FileReport report = chain::verify_text(slurp(archive), recorded);
    if (report.compared) return report.whole();
  }
  return false;
}

}  // namespace

fs::path ChainState::place(const fs::path& file) const {
  return folder_ / "chains" / (crypto::to_hex(crypto::sha256(file.string())) + ".json");
}

std::optional<chain::Recorded> ChainState::find(const fs::path& file) const {
  if (folder_.empty() || file.empty()) return std::nullopt;
  const std::string text = slurp(place(file));
  const auto object = codec::PythonObject::parse(text);
  if (!object) return std::nullopt;
  chain::Recorded recorded;
  recorded.first_hash = text_of(*object, "first_hash");
  recorded.last_hash = text_of(*object, "last_hash");
  if (const codec::PythonMember* entries = object->find("entries")) {
    std::from_chars(entries->canonical.data(), entries->canonical.data() + entries->canonical.size(),
                    recorded.entries);
  }
  if (recorded.entries <= 0 || recorded.first_hash.empty()) return std::nullopt;
  return recorded;
}

Status ChainState::remember(const fs::path& file, const chain::FileReport& report) const {
  if (folder_.empty() || file.empty() || report.entries == 0) return ok_status();
  const fs::path path = place(file);
  const fs::path fresh = path.string() + ".new";
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  fs::permissions(path.parent_path(), fs::perms::owner_all, error);
  std::string text;
  codec::JsonWriter(text)
      .open_object()
      .member("path", file.string())
      .member("first_hash", report.first_hash)
      .member("entries", report.entries)
      .member("last_hash", report.last_hash)
      .close_object();
  std::ofstream out(fresh, std::ios::binary | std::ios::trunc);
  out << text << "\n";
  out.close();
  if (!out) return cannot(path);
  fs::rename(fresh, path, error);
  if (error) return cannot(path);
  return ok_status();
}

chain::FileReport verify_against(const ChainState& state, const fs::path& file, std::string_view text) {
  const auto recorded = state.find(file);
  chain::FileReport report = chain::verify_text(text, recorded);
  if (recorded && !report.compared && !is_archived(file, *recorded)) {
    report.problems.push_back(
        {0, chain::Finding::kTailMissing,
         "the chain of " + std::to_string(recorded->entries) +
             " entries that an earlier push saw is neither here nor in the archives beside it"});
    ++report.problems_total;
  }
  return report;
}

}  // namespace plumbline::push
