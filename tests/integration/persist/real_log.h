// A real embedded log for consumers under test, gone with its folder.
#pragma once
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/log/embedded/embedded_log.h"
#include "tests/integration/persist/script_log.h"
#include "tests/support/postgres.h"
#include "tests/support/process/process.h"

namespace plumbline::tests {

class RealLog {
 public:
  RealLog(const std::string& name, std::int32_t partitions, std::initializer_list<std::string_view> topics)
      : folder_(name) {
    config::Embedded options;
    options.dir = (folder_.path() / "log").string();
    log_ = require(log::open_embedded(options));
    for (const std::string_view topic : topics) {
      log::TopicSpec spec;
      spec.name = std::string(topic);
      spec.partitions = partitions;
      spec.record_bytes_max = 1 << 20;
      require(log_->ensure_topic(spec));
    }
  }
  log::Log& operator*() const { return *log_; }
  log::Log* operator->() const { return log_.get(); }

  // Returns once it is durable.
  void append(std::string_view topic, std::int32_t partition, const StoredRecord& made) const {
    std::vector<log::Header> headers;
    require(log::append_and_wait(*log_, record_of(topic, partition, made, headers)));
  }
  // Borrows from all of its arguments.
  static log::Record record_of(std::string_view topic, std::int32_t partition, const StoredRecord& made,
                               std::vector<log::Header>& headers) {
    headers.clear();
    for (const auto& [name, value] : made.headers) headers.push_back({name, value});
    log::Record record;
    record.topic = topic;
    record.partition = partition;
    record.key = made.key;
    record.value = made.value;
    record.headers = headers;
    record.timestamp_ms = made.timestamp_ms;
    return record;
  }

 private:
  test::TempFolder folder_;
  std::unique_ptr<log::Log> log_;
};

}  // namespace plumbline::tests
