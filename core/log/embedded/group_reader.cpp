#include "core/log/embedded/group_reader.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace plumbline::log::embedded {
namespace {

// A rebalance is noticed this late at worst; looking costs one folder listing.
constexpr std::chrono::milliseconds kLookInterval{200};
constexpr const char* kJoins = ".joins";
constexpr std::chrono::minutes kJoinsKept{10};

}  // namespace

std::unique_ptr<FileLock> FileLock::try_lock(const std::string& path, Missing missing) {
  const int fd = open(path.c_str(), O_RDWR | O_CLOEXEC | (missing == Missing::kMake ? O_CREAT : 0), 0600);
  if (fd < 0) return nullptr;
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    close(fd);
    return nullptr;
  }
  return std::unique_ptr<FileLock>(new FileLock(fd));
}

FileLock::~FileLock() {
  close(fd_);
}

Result<std::unique_ptr<Reader>> GroupReader::join(std::shared_ptr<Views> views, const std::string& folder,
                                                  std::span<const std::string> topics,
                                                  AssignmentListener& listener) {
  std::unique_ptr<GroupReader> member(new GroupReader(std::move(views), folder, listener));
  member->topics_.assign(topics.begin(), topics.end());
  std::sort(member->topics_.begin(), member->topics_.end());
  if (Status entered = member->enter(); !entered) return entered.error();
  return std::unique_ptr<Reader>(std::move(member));
}

Status GroupReader::enter() {
  std::error_code error;
  std::filesystem::create_directories(folder_ + "/members", error);
  if (error) return fatal("io", "cannot make " + folder_ + ": " + error.message());
  sweep();
  id_ = Uuid::random().to_string();
  const std::string made = folder_ + "/" + id_ + kJoins, entered = folder_ + "/members/" + id_;
  member_ = FileLock::try_lock(made);
  if (!member_) return fatal("io", "cannot lock " + made);
  std::filesystem::rename(made, entered, error);
  if (!error) return ok_status();
  unlink(made.c_str());
  return fatal("io", "cannot make " + entered + ": " + error.message());
}

// Files of members that were killed while they joined. Who joins now is done within milliseconds.
void GroupReader::sweep() const {
  std::error_code error;
  const auto before = std::filesystem::file_time_type::clock::now() - kJoinsKept;
  for (std::filesystem::directory_iterator entry(folder_, error);
       !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    if (entry->path().extension() != kJoins) continue;
    std::error_code gone;
    const auto made = entry->last_write_time(gone);
    if (!gone && made < before) unlink(entry->path().c_str());
  }
}

GroupReader::~GroupReader() {
  unlink((folder_ + "/members/" + id_).c_str());
}

// The living, sorted.
Result<std::vector<std::string>> GroupReader::members() const {
  std::vector<std::string> found;
  std::error_code error;
  std::filesystem::directory_iterator entry(folder_ + "/members", error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name == id_) {
      found.push_back(name);
    } else if (const auto dead = FileLock::try_lock(entry->path().string(), FileLock::Missing::kLeave)) {
      unlink(entry->path().c_str());  // its process is gone: nobody alive lets go of its own file
    } else if (std::error_code gone; std::filesystem::exists(entry->path(), gone)) {
      found.push_back(name);
    }
  }
  if (error && error != std::errc::no_such_file_or_directory)
    return fatal("io", "cannot list " + folder_ + "/members: " + error.message());
  std::sort(found.begin(), found.end());
  return found;
}

// An error is no reason to give anything back: who can't look keeps what it has and says so.
Result<std::vector<TopicPartition>> GroupReader::share(const std::vector<std::string>& members) {
  const auto mine =
      static_cast<std::size_t>(std::find(members.begin(), members.end(), id_) - members.begin());
  std::vector<TopicPartition> wanted;
  std::size_t turn = 0;
  for (const std::string& topic : topics_) {
    auto view = views_->find(topic);
    const bool ours = std::any_of(owned_.begin(), owned_.end(),
                                  [&](const auto& owned) { return owned.first.topic == topic; });
    if (!view && view.error().code == "unknown_topic" && !ours) continue;  // not made yet: the next look
    if (!view) return view.error();
    for (std::int32_t p = 0; p < (*view)->meta.spec.partitions; ++p, ++turn) {
      if (turn % std::max<std::size_t>(members.size(), 1) == mine) wanted.push_back({topic, p});
    }
  }
  return wanted;
}

void GroupReader::give_back(const std::vector<TopicPartition>& revoked) {
  if (revoked.empty()) return;
  listener_.on_revoked(revoked);
  for (const TopicPartition& at : revoked) {
    reader_.remove(at);
    owned_.erase(at);
  }
}

Status GroupReader::take(const std::vector<TopicPartition>& wanted) {
  std::vector<TopicPartition> assigned;
  std::map<TopicPartition, std::unique_ptr<FileLock>> locks;
  for (const TopicPartition& at : wanted) {
    if (owned_.contains(at)) continue;
    auto lock = FileLock::try_lock(folder_ + "/" + at.topic + "-" + std::to_string(at.partition) + ".lock");
    if (!lock) continue;  // its reader has not let go yet: the next look
    assigned.push_back(at);
    locks[at] = std::move(lock);
  }
  if (assigned.empty()) return ok_status();
  auto starts = listener_.on_assigned(assigned);
  if (!starts) return starts.error();
  for (const StartPosition& start : *starts) {
    if (Status s = reader_.add(start); !s) {
      for (const TopicPartition& at : assigned) reader_.remove(at);
      listener_.on_revoked(assigned);
      return s;
    }
  }
  owned_.merge(locks);
  return ok_status();
}

Status GroupReader::rebalance() {
  auto all = members();
  if (all && !std::binary_search(all->begin(), all->end(), id_)) {
    // Somebody removed our file, and nobody counts us.
    if (Status entered = enter(); !entered) return entered;
    all = members();
  }
  if (!all) return all.error();
  const auto wanted = share(*all);
  if (!wanted) return wanted.error();
  std::vector<TopicPartition> revoked;
  for (const auto& [at, lock] : owned_) {
    if (std::find(wanted->begin(), wanted->end(), at) == wanted->end()) revoked.push_back(at);
  }
  give_back(revoked);
  return take(*wanted);
}

Result<std::span<const ReadRecord>> GroupReader::poll(std::size_t bytes_max, std::chrono::milliseconds wait,
                                                      std::stop_token stop) {
  const auto until = std::chrono::steady_clock::now() + wait;
  while (true) {
    auto now = std::chrono::steady_clock::now();
    if (now >= next_look_) {
      if (Status s = rebalance(); !s) return s.error();
      next_look_ = now + kLookInterval;
    }
    // Rounded up: with the last part of a millisecond left, it would be polled again and again.
    const auto pause = std::chrono::ceil<std::chrono::milliseconds>(std::min(until, next_look_) - now);
    auto batch = reader_.poll(bytes_max, std::max(pause, std::chrono::milliseconds(0)), stop);
    now = std::chrono::steady_clock::now();
    if (!batch || !batch->empty() || now >= until || stop.stop_requested()) return batch;
  }
}

std::vector<TopicPartition> GroupReader::assignment() const {
  std::vector<TopicPartition> all;
  for (const auto& [at, lock] : owned_) all.push_back(at);
  return all;
}

}  // namespace plumbline::log::embedded
