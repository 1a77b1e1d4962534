// The list of subcommands. A new one is declared and called here.
#include "apps/plumbline/command.h"

namespace plumbline::app {

void add_serve(Commands& commands);
void add_config(Commands& commands);
void add_migrate(Commands& commands);
void add_tenant(Commands& commands);
void add_key(Commands& commands);
void add_ledger(Commands& commands);
void add_drift(Commands& commands);
void add_route(Commands& commands);
void add_log(Commands& commands);
void add_dead(Commands& commands);
void add_doctor(Commands& commands);
void add_analyst(Commands& commands);
void add_health(Commands& commands);
void add_replay(Commands& commands);
void add_console(Commands& commands);

void add_all(Commands& commands) {
  add_serve(commands);
  add_config(commands);
  add_migrate(commands);
  add_tenant(commands);
  add_key(commands);
  add_ledger(commands);
  add_drift(commands);
  add_route(commands);
  add_log(commands);
  add_dead(commands);
  add_doctor(commands);
  add_analyst(commands);
  add_health(commands);
  add_replay(commands);
  add_console(commands);
}

}  // namespace plumbline::app
