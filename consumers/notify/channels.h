// The channels as an installation is configured.
#pragma once
#include "consumers/notify/sender.h"
#include "core/clock.h"
#include "core/config/config.h"

namespace plumbline::notify {

// `options` is copied, `clock` outlives the channels. Gives null for mail while smtp.url is not set.
[[nodiscard]] ChannelFactory configured_channels(const config::Notify& options, const Clock& clock);

}  // namespace plumbline::notify
