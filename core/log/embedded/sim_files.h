// A disk for tests, in memory, with everything a real one may do: it loses unsynced writes and names, tears
// them at sectors and in any order, fails syncs (and forgets what they should have written), and is full.
// Seeded; not thread-safe.
#pragma once
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "core/log/embedded/files.h"

namespace plumbline::log::embedded {

struct SimFaults {
  double sync_fails = 0;  // chance of each sync, of files and folders
  double no_space =
      0;  // chance of each write, creation and rename, once it began; lasts until space() is given back
};

// What a file holds in the page cache and on the disk. Writes are in place: maps stay valid.
struct SimInode {
  explicit SimInode(std::size_t capacity) : cache(capacity), disk(capacity) {}
  std::vector<char> cache;
  std::vector<char> disk;
  std::uint64_t size = 0;
  std::uint64_t disk_size = 0;
  std::set<std::uint64_t> dirty;  // sectors
  std::uint64_t failures = 0;     // each descriptor hears of each once
};

class SimFiles final : public Files {
 public:
  explicit SimFiles(std::uint64_t seed) : random_(seed) {}
  SimFaults faults;
  int failed_syncs = 0;

  void space() { full_ = false; }
  // The machine stops: what was not synced is there, is not, or is there in part. Every File must be gone.
  void power_cut();

  Result<std::unique_ptr<File>> open(const std::string& path, bool create) override;
  Status make_folder(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& folder) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Status sync_folder(const std::string& path) override;
  Result<std::string> read(const std::string& path) override;

  // For files.
  [[nodiscard]] bool chance(double p) { return p > 0 && std::uniform_real_distribution<>(0, 1)(random_) < p; }
  [[nodiscard]] std::uint64_t below(std::uint64_t n) {
    return std::uniform_int_distribution<std::uint64_t>(0, n - 1)(random_);
  }
  [[nodiscard]] bool full();
  // Some of the dirty sectors reach the disk, as they are now.
  void write_back(SimInode& inode);

 private:
  using Names = std::map<std::string, std::shared_ptr<SimInode>>;  // null: a folder
  struct Change {
    std::string removed, added;
    std::shared_ptr<SimInode> inode;
  };
  static void apply(Names& names, const Change& change);
  void change(Change change);
  static std::string folder_of(const std::string& path);

  std::mt19937_64 random_;
  bool full_ = false;
  Names names_;                                         // as processes see them
  Names disk_names_;                                    // as the disk has them
  std::map<std::string, std::vector<Change>> pending_;  // by folder
};

}  // namespace plumbline::log::embedded
