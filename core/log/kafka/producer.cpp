#include "core/log/kafka/producer.h"

namespace plumbline::log::kafka {

KafkaProducer::KafkaProducer(std::shared_ptr<Carrier> carrier, std::shared_ptr<Registry> registry,
                             AckListener& listener)
    : carrier_(std::move(carrier)),
      registry_(std::move(registry)),
      outbox_(std::make_unique<Outbox>(listener)) {
  carrier_->add(*outbox_);
}

KafkaProducer::~KafkaProducer() {
  submit();
  carrier_->remove(std::move(outbox_));
}

const KnownTopic& KafkaProducer::known(std::string_view topic, std::string_view& reason) {
  for (const auto& [name, facts] : topics_) {
    if (name == topic) return facts;
  }
  static constexpr KnownTopic kNone;
  const KnownTopic facts = registry_->find(topic, reason);
  if (facts.partitions == 0) return kNone;
  return topics_.emplace_back(std::string(topic), facts).second;
}

std::string_view KafkaProducer::refusal(const Record& record) {
  std::string_view reason;
  const KnownTopic& facts = known(record.topic, reason);
  if (!reason.empty()) return reason;
  if (record.partition < 0 || record.partition >= facts.partitions) return "unknown_partition";
  std::size_t bytes = record.key.size() + record.value.size();
  for (const Header& h : record.headers) bytes += h.name.size() + h.value.size();
  if (static_cast<std::int64_t>(bytes) > facts.record_bytes_max) return "record_too_large";
  return {};
}

void KafkaProducer::append(const Record& record, std::uint64_t token) {
  staged_.push_back({record, token, refusal(record)});
}

void KafkaProducer::submit() {
  if (staged_.empty()) return;
  carrier_->hand_over(*outbox_, staged_);
  staged_.clear();
}

}  // namespace plumbline::log::kafka
