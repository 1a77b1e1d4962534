#include "core/log/embedded/sim_files.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace plumbline::log::embedded {
namespace {

constexpr std::uint64_t kSector = 512;
constexpr std::size_t kCapacity = std::size_t{128} << 10;

Error no_space(const std::string& path) {
  return retryable("no_space", "simulated: no space for " + path);
}

class SimFile final : public File {
 public:
  SimFile(SimFiles& disk, std::shared_ptr<SimInode> inode, std::string path)
      : disk_(disk), inode_(std::move(inode)), path_(std::move(path)), heard_(inode_->failures) {}

  Status write_at(std::uint64_t at, std::span<const char> bytes) override {
    const bool full = disk_.full();
    if (full) bytes = bytes.first(disk_.below(bytes.size() + 1) & ~std::uint64_t{7});
    const std::uint64_t end = at + bytes.size();
    if (end > inode_->cache.size()) {
      inode_->cache.resize(end);
      inode_->disk.resize(end);
    }
    if (!bytes.empty()) std::memcpy(inode_->cache.data() + at, bytes.data(), bytes.size());
    for (std::uint64_t s = at / kSector; s * kSector < end; ++s) inode_->dirty.insert(s);
    inode_->size = std::max(inode_->size, end);
    if (disk_.chance(0.1)) disk_.write_back(*inode_);
    return full ? Status(no_space(path_)) : ok_status();
  }

  Status write_pieces(std::uint64_t at, std::span<const std::span<const char>> pieces) override {
    std::string all;
    for (const auto piece : pieces) all.append(piece.data(), piece.size());
    return write_at(at, all);
  }

  Status write_zeros(std::uint64_t at, std::uint64_t bytes) override {
    return write_at(at, std::string(bytes, '\0'));
  }

  Status sync() override {
    if (disk_.chance(disk_.faults.sync_fails)) {
      ++inode_->failures;
      disk_.write_back(*inode_);
      inode_->dirty.clear();  // as Linux: the pages are clean now, whatever the disk has
    }
    if (heard_ != inode_->failures) {
      heard_ = inode_->failures;
      ++disk_.failed_syncs;
      return fatal("io", "simulated: sync of " + path_);
    }
    for (const std::uint64_t s : inode_->dirty) {
      std::memcpy(inode_->disk.data() + s * kSector, inode_->cache.data() + s * kSector,
                  std::min<std::uint64_t>(kSector, inode_->cache.size() - s * kSector));
    }
    inode_->dirty.clear();
    inode_->disk_size = inode_->size;
    return ok_status();
  }

  std::uint64_t size() override { return inode_->size; }

  Result<std::shared_ptr<const char>> map(std::size_t bytes) override {
    assert(bytes <= inode_->cache.size());
    (void)bytes;
    return std::shared_ptr<const char>(inode_, inode_->cache.data());
  }

 private:
  SimFiles& disk_;
  std::shared_ptr<SimInode> inode_;
  std::string path_;
  std::uint64_t heard_;
};

}  // namespace

bool SimFiles::full() {
  if (!full_) full_ = chance(faults.no_space);
  return full_;
}

void SimFiles::write_back(SimInode& inode) {
  const double share = std::uniform_real_distribution<>(0, 1)(random_);
  for (const std::uint64_t s : inode.dirty) {
    if (!chance(share)) continue;
    const std::uint64_t bytes = std::min<std::uint64_t>(kSector, inode.cache.size() - s * kSector);
    std::memcpy(inode.disk.data() + s * kSector, inode.cache.data() + s * kSector, bytes);
    inode.disk_size = std::max(inode.disk_size, std::min(inode.size, s * kSector + bytes));
  }
}

void SimFiles::power_cut() {
  for (auto& [folder, changes] : pending_) {
    const bool in_order = chance(0.5);
    const double share = std::uniform_real_distribution<>(0, 1)(random_);
    for (const Change& c : changes) {
      if (chance(share)) {
        apply(disk_names_, c);
      } else if (in_order) {
        break;
      }
    }
  }
  pending_.clear();
  std::map<SimInode*, std::shared_ptr<SimInode>> fresh;
  for (auto& [path, inode] : disk_names_) {
    if (!inode) continue;
    auto& now = fresh[inode.get()];
    if (!now) {
      write_back(*inode);
      now = std::make_shared<SimInode>(inode->disk.size());
      now->disk = inode->disk;
      now->size = now->disk_size = inode->disk_size;
      std::fill(now->disk.begin() + static_cast<std::ptrdiff_t>(now->size), now->disk.end(), '\0');
      now->cache = now->disk;
    }
    inode = now;
  }
  names_ = disk_names_;
  full_ = false;
}

std::string SimFiles::folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

void SimFiles::apply(Names& names, const Change& c) {
  if (!c.removed.empty()) names.erase(c.removed);
  if (!c.added.empty()) names[c.added] = c.inode;
}

void SimFiles::change(Change c) {
  apply(names_, c);
  pending_[folder_of(c.added.empty() ? c.removed : c.added)].push_back(std::move(c));
}

Result<std::unique_ptr<File>> SimFiles::open(const std::string& path, bool create) {
  const auto found = names_.find(path);
  if (found != names_.end())
    return std::unique_ptr<File>(std::make_unique<SimFile>(*this, found->second, path));
  if (!create) return retryable("not_found", path);
  if (full()) return no_space(path);
  auto inode = std::make_shared<SimInode>(kCapacity);
  change({"", path, inode});
  return std::unique_ptr<File>(std::make_unique<SimFile>(*this, std::move(inode), path));
}

Status SimFiles::make_folder(const std::string& path) {
  if (!names_.contains(path)) change({"", path, nullptr});
  return ok_status();
}

Result<std::vector<std::string>> SimFiles::list(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& [path, inode] : names_) {
    if (folder_of(path) == folder) names.push_back(path.substr(folder.empty() ? 0 : folder.size() + 1));
  }
  return names;
}

Status SimFiles::rename(const std::string& from, const std::string& to) {
  const auto found = names_.find(from);
  if (found == names_.end()) return retryable("not_found", from);
  if (full()) return no_space(to);
  change({from, to, found->second});
  return ok_status();
}

Status SimFiles::remove(const std::string& path) {
  if (names_.contains(path)) change({path, "", nullptr});
  return ok_status();
}

Status SimFiles::sync_folder(const std::string& path) {
  if (chance(faults.sync_fails)) {
    ++failed_syncs;
    return fatal("io", "simulated: sync of folder " + path);
  }
  for (const Change& c : pending_[path]) apply(disk_names_, c);
  pending_.erase(path);
  return ok_status();
}

Result<std::string> SimFiles::read(const std::string& path) {
  const auto found = names_.find(path);
  if (found == names_.end()) return retryable("not_found", path);
  return std::string(found->second->cache.data(), found->second->size);
}

}  // namespace plumbline::log::embedded
