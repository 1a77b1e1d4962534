// What manual pages say beyond the options: docs/plumb.md has the same at length.
#include <CLI/CLI.hpp>

#include "apps/describe/command.h"
#include "apps/plumb/command.h"

namespace plumbline::client {

Chosen add_pages(CLI::App& app) {
  return describe::add_commands(
      app, "plumb " PLUMBLINE_VERSION,
      {{"EXIT STATUS",
        {{"0", "All is well: everything was accepted, or was there already."},
         {"1", "Something was refused; it is named."},
         {"2", "Options, credentials or inputs are wrong."},
         {"3", "Not everything could be delivered, or nobody answered: try again."},
         {"4", "A chain is broken."}}},
       {"ENVIRONMENT",
        {{"PLUMBLINE_PROFILE", "Profile of the credentials file."},
         {"PLUMBLINE_ENDPOINT, PLUMBLINE_KEY_ID, PLUMBLINE_SECRET, PLUMBLINE_SECRET_FILE",
          "The edge and who signs; they come before the profile, unless `--profile` names one."},
         {"PLUMBLINE_CA_FILE", "Certificate authority (PEM) instead of the system's."},
         {"PLUMBLINE_CONSOLE", "The console of `plumb auth login`."},
         {"BROWSER", "What opens the console's page."}}},
       {"FILES",
        {{"~/.config/plumbline/credentials",
          "Endpoint, key id and secret, mode 0600; sections `[name]` are profiles."},
         {"~/.config/plumbline/agent.toml", "The agent's configuration, and redaction of `plumb push`."},
         {"~/.local/state/plumbline",
          "The agent's spool and cursors, and ends of chains that were seen."}}}});
}

}  // namespace plumbline::client
