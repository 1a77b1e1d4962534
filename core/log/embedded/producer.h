// Appends in the owner's process: records are copied once, into the buffer that the committer takes whole.
#pragma once
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "core/log/embedded/owner_log.h"

namespace plumbline::log::embedded {

class OwnerProducer final : public Producer {
 public:
  OwnerProducer(OwnerLog& log, AckListener& listener);
  ~OwnerProducer() override;
  void append(const Record& record, std::uint64_t token) override;
  void submit() override;

 private:
  struct Pool {  // outlives the producer while a batch is on its way
    std::mutex mutex;
    std::condition_variable empty;
    std::vector<std::unique_ptr<Batch>> spare;
    std::size_t out = 0;
  };
  [[nodiscard]] std::string_view refusal(const Record& record, std::size_t bytes);
  std::unique_ptr<Batch> fresh();

  OwnerLog& log_;
  AckListener& listener_;
  std::shared_ptr<Pool> pool_ = std::make_shared<Pool>();
  std::unique_ptr<Batch> batch_;
  OwnedTopic* topic_ = nullptr;  // of the last record: usually of the next one too
};

}  // namespace plumbline::log::embedded
