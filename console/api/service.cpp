#include "console/api/service.h"

#include "console/api/console.h"
#include "console/api/live.h"
#include "console/api/providers.h"

namespace plumbline::console {

std::string public_url(const config::Console& config) {
  std::string url = config.public_url;
  if (url.empty()) url = (config.tls_cert_file.empty() ? "http://" : "https://") + config.listen;
  while (url.ends_with('/')) url.pop_back();
  return url;
}

Service::Service(const config::Console& options, const Secret& master_keys, crypto::Sealer opened,
                 pg::ConnectOptions database, log::Log* the_log, const Clock& the_clock)
    : config(options),
      clock(the_clock),
      log(the_log),
      public_url(console::public_url(options)),
      secure(public_url.starts_with("https://")),
      tokens(master_keys, public_url, options.access_ttl, the_clock),
      sealer(std::move(opened)),
      queries(database),
      outgoing(database),
      beside(database),
      providers(std::make_unique<Providers>(options, the_clock)),
      live(std::make_unique<Live>(std::move(database))) {}

Service::~Service() = default;

}  // namespace plumbline::console
