// A worker's face of the shared Delivery: append stages, submit hands over.
#pragma once
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/log/kafka/carrier.h"
#include "core/log/kafka/registry.h"
#include "core/log/log.h"

namespace plumbline::log::kafka {

// Not thread-safe.
class KafkaProducer final : public Producer {
 public:
  KafkaProducer(std::shared_ptr<Carrier> carrier, std::shared_ptr<Registry> registry, AckListener& listener);
  ~KafkaProducer() override;
  void append(const Record& record, std::uint64_t token) override;
  void submit() override;

 private:
  std::string_view refusal(const Record& record);
  const KnownTopic& known(std::string_view topic, std::string_view& reason);

  std::shared_ptr<Carrier> carrier_;
  std::shared_ptr<Registry> registry_;
  std::unique_ptr<Outbox> outbox_;
  std::vector<Staged> staged_;
  std::vector<std::pair<std::string, KnownTopic>> topics_;  // few: searched in line
};

}  // namespace plumbline::log::kafka
