#include "core/log/open/open_log.h"

#include "core/log/embedded/embedded_log.h"
#include "core/log/kafka/kafka_log.h"

namespace plumbline::log {

Result<std::unique_ptr<Log>> open_log(const config::Config& config, Access access) {
  if (config.log == "kafka") return open_kafka(config.kafka);
  EmbeddedOptions options;
  options.role = access == Access::kOwner    ? EmbeddedOptions::Role::kOwner
                 : access == Access::kClient ? EmbeddedOptions::Role::kClient
                                             : EmbeddedOptions::Role::kAuto;
  return open_embedded(config.embedded, options);
}

}  // namespace plumbline::log
