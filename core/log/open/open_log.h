// Opens the message log that the configuration names: the one place that knows both backends.
#pragma once
#include <memory>

#include "core/config/config.h"
#include "core/log/log.h"

namespace plumbline::log {

enum class Access {
  kOwner,   // a role that keeps the embedded log: refused (retryable "log_owned") while another process does
  kClient,  // appends through the owner and reads its files; on Kafka everybody is a client
  kAuto,    // a command: owner when nobody is, else client
};

// Does not wait for Kafka's brokers: Log::healthy tells whether one answers. Errors as the backends' own
// openers.
Result<std::unique_ptr<Log>> open_log(const config::Config& config, Access access);

}  // namespace plumbline::log
