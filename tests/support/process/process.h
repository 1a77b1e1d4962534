// A child process for tests: its output goes to a file, it dies with the test, and it is ended by its id
// alone.
#pragma once
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <sys/types.h>

namespace plumbline::test {

// A folder of its own under the system's temporary folder; removed with everything in it.
class TempFolder {
 public:
  explicit TempFolder(const std::string& name);
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// A loopback port that nobody listens on right now.
[[nodiscard]] int free_port();

// Polls until `holds` or the deadline; the name is for the failure message of the caller. True when it held.
[[nodiscard]] bool wait_for(const std::function<bool()>& holds,
                            std::chrono::milliseconds deadline = std::chrono::seconds(60));

// SIGSTOP; on return none of its threads runs any more. The signal alone leaves them time to answer
// something, on a busy machine a good deal of it.
void pause_process(pid_t pid);

struct ProcessOptions {
  std::vector<std::string> command;
  std::map<std::string, std::string> environment;  // added to the test's own
  std::filesystem::path output;                    // standard output and error, appended
};

class Process {
 public:
  explicit Process(ProcessOptions options);
  ~Process();  // kill and reap
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void start();
  void signal(int number) const;
  void pause() const { pause_process(pid_); }
  void kill9();  // SIGKILL and reap
  int terminate(std::chrono::milliseconds deadline =
                    std::chrono::seconds(40));  // SIGTERM and reap; the exit status, -1 after a kill
  [[nodiscard]] bool running();
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] std::string output_tail(std::size_t bytes = 4000) const;

 private:
  ProcessOptions options_;
  pid_t pid_ = -1;
  int status_ = 0;
};

}  // namespace plumbline::test
