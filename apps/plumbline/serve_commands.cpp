#include "apps/plumbline/command.h"
#include "apps/plumbline/serve.h"

namespace plumbline::app {

void add_serve(Commands& commands) {
  const auto role = [&commands](const char* name, const char* help, Roles roles) {
    commands.add(commands.root(), name, help,
                 [roles](const config::Loaded& loaded) { return serve(loaded, roles); });
  };
  role("up", "everything in one process; migrates the database first",
       {.edge = true,
        .persist = true,
        .health = true,
        .drift = true,
        .notify = true,
        .console = true,
        .migrate = true});
  role("edge", "receive signed traces and write them to the log; owns the embedded log", {.edge = true});
  role("persist", "read the log and write PostgreSQL; run several to share the partitions",
       {.persist = true});
  role("health",
       "read the log and keep the aggregates of repositories and agents; run several to share the partitions",
       {.health = true});
  role("drift",
       "read the log and find where a repository that passed now fails; run several to share the partitions",
       {.drift = true});
  role("notify", "send what drift finds to Slack, mail and webhooks; run several to share the work",
       {.notify = true});
  role("console", "serve the pages and their API; run several behind one address", {.console = true});
}

}  // namespace plumbline::app
