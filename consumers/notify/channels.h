// The channels as an installation is configured.
#pragma once
#include "consumers/notify/sender.h"
#include "core/config/config.h"

namespace plumbline::notify {

// `options` is copied. Gives null for mail while smtp.url is not set.
[[nodiscard]] ChannelFactory configured_channels(const config::Notify& options);

}  // namespace plumbline::notify
