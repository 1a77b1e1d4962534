#include "core/log/embedded/embedded_log.h"

#include <filesystem>
#include <fstream>

#include <unistd.h>

#include "core/log/embedded/owner_log.h"

namespace plumbline::log {

Result<std::unique_ptr<Log>> open_embedded(const config::Embedded& config, const EmbeddedOptions& options) {
  using Role = EmbeddedOptions::Role;
  if (options.role == Role::kClient) {
    if (!std::filesystem::exists(config.dir + "/topics")) {
      return retryable("log_absent", "there is no log in " + config.dir +
                                         ": start its owner first (plumbline edge, or plumbline up)");
    }
    return embedded::open_client(config);
  }
  if (auto files = embedded::posix_files(config.dir, false); !files) return files.error();
  auto lock = embedded::FileLock::try_lock(config.dir + "/owner.lock");
  if (!lock) {
    if (options.role == Role::kAuto) return embedded::open_client(config);
    std::string pid = "unknown";
    std::ifstream(config.dir + "/owner.pid") >> pid;
    return retryable("log_owned",
                     "the log in " + config.dir + " is owned by process " + pid +
                         ": stop that process, give this one another embedded.dir, or open it as a client");
  }
  std::ofstream(config.dir + "/owner.pid", std::ios::trunc) << getpid() << "\n";
  return embedded::OwnerLog::open(config, options, std::move(lock));
}

}  // namespace plumbline::log
