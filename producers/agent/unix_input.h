// NDJSON on a Unix socket that only its owner can open. For each line that came, one line goes back, in
// order, once the event is on disk: {"line":N,"status":"accepted"},
// {"line":N,"status":"rejected","reason":...,"detail":...} or
// {"line":N,"status":"busy","detail":...} (the spool is full: send that line again later). N counts from 1 on
// each connection; an empty line is counted and not answered.
#pragma once
#include <filesystem>
#include <list>
#include <string>
#include <thread>

#include "core/result.h"
#include "producers/agent/files.h"
#include "producers/agent/intake.h"

namespace plumbline::agent {

class UnixInput {
 public:
  UnixInput(std::filesystem::path path, Spool& spool, const redact::Policy& policy);
  // Stops, and removes the socket.
  ~UnixInput();
  UnixInput(const UnixInput&) = delete;
  UnixInput& operator=(const UnixInput&) = delete;
  // Retryable "listen": the path is too long, or there is something else.
  Status start();
  void stop();

 private:
  struct Client {
    Fd fd;
    std::string got;
    std::int64_t lines = 0;
  };
  void run(const std::stop_token& stop);
  void accept();
  bool serve(Client& client);  // false: it ends
  std::string answer(Client& client, std::string_view text);

  const std::filesystem::path path_;
  Intake intake_;
  Fd listening_, wake_read_, wake_write_;
  std::list<Client> clients_;
  std::jthread thread_;
};

}  // namespace plumbline::agent
