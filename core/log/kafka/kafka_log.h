// The log on Apache Kafka (DESIGN section 3). librdkafka stays behind this header: only core/log/kafka
// includes it.
//
// Producers: idempotent, acks=all, lz4; a record is kDurable once every in-sync replica has it, kRefused when
// it certainly is not in the log (queue full, too large, unknown topic), kUnconfirmed otherwise, at the
// latest after the delivery time-out. Readers: eager groups that start where the AssignmentListener says.
// incarnation is the cluster's id: librdkafka 2.0 does not tell a topic's, so a topic deleted and made anew
// shows as a position past its end, not as another incarnation.
#pragma once
#include <memory>

#include "core/config/config.h"
#include "core/log/log.h"

namespace plumbline::log {

// Does not wait for a broker: healthy() tells whether one answers. Errors: code "config", naming the option.
[[nodiscard]] Result<std::unique_ptr<Log>> open_kafka(const config::Kafka& config);

}  // namespace plumbline::log
