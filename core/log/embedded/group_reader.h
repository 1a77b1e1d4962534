// A member of a consumer group across processes: members are locked files in the group's folder, and a
// partition is read by whoever holds its lock file. A killed process loses its locks with its descriptors, so
// nothing needs to time out. A member's file comes into the folder when it is locked already: who finds one
// that is not takes it for a dead member's and removes it.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/log/embedded/reader.h"

namespace plumbline::log::embedded {

class FileLock {  // flock on a file
 public:
  enum class Missing { kMake, kLeave };
  // Null when another holds it, or it is missing and left so.
  static std::unique_ptr<FileLock> try_lock(const std::string& path, Missing missing = Missing::kMake);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_;
};

class GroupReader final : public Reader {
 public:
  // `folder`: of the group; made when missing.
  static Result<std::unique_ptr<Reader>> join(std::shared_ptr<Views> views, const std::string& folder,
                                              std::span<const std::string> topics,
                                              AssignmentListener& listener);
  ~GroupReader() override;

  Result<std::span<const ReadRecord>> poll(std::size_t bytes_max, std::chrono::milliseconds wait,
                                           std::stop_token stop) override;
  Status seek(const TopicPartition& at, std::int64_t offset) override { return reader_.seek(at, offset); }
  void commit_hint(const TopicPartition&, std::int64_t) override {}
  [[nodiscard]] std::vector<TopicPartition> assignment() const override;

 private:
  GroupReader(std::shared_ptr<Views> views, std::string folder, AssignmentListener& listener)
      : views_(views), reader_(std::move(views)), folder_(std::move(folder)), listener_(listener) {}
  Status enter();
  void sweep() const;
  Status rebalance();
  [[nodiscard]] Result<std::vector<std::string>> members() const;
  [[nodiscard]] Result<std::vector<TopicPartition>> share(const std::vector<std::string>& members);
  Status take(const std::vector<TopicPartition>& wanted);
  void give_back(const std::vector<TopicPartition>& revoked);

  std::shared_ptr<Views> views_;
  JournalReader reader_;
  std::string folder_;
  AssignmentListener& listener_;
  std::vector<std::string> topics_;
  std::string id_;
  std::unique_ptr<FileLock> member_;
  std::map<TopicPartition, std::unique_ptr<FileLock>> owned_;
  std::chrono::steady_clock::time_point next_look_{};
};

}  // namespace plumbline::log::embedded
