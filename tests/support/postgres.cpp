#include "tests/support/postgres.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/pg/migrate.h"
#include "tests/support/process/process.h"

namespace plumbline::tests {
namespace {

using std::chrono::steady_clock;
constexpr auto kStartDeadline = std::chrono::seconds(60);
constexpr auto kPoll = std::chrono::milliseconds(10);

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error("test PostgreSQL: " + what);
}

std::vector<char*> arguments(const std::vector<std::string>& command) {
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  return argv;
}

std::vector<pid_t> children_of(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/task/" + std::to_string(pid) + "/children");
  std::vector<pid_t> found;
  for (pid_t child = 0; in >> child;) found.push_back(child);
  return found;
}

int wait_for(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

PostgresCluster::PostgresCluster(PostgresOptions options)
    : options_(std::move(options)), port_(test::free_port()) {
  if (::geteuid() == 0) {
    const passwd* user = ::getpwnam("postgres");
    if (user == nullptr) user = ::getpwnam("nobody");
    if (user == nullptr) fail("neither a user postgres nor nobody to run as");
    uid_ = user->pw_uid;
    gid_ = user->pw_gid;
  }
  make_folder();
  try {
    initdb();
    start();
    auto super = require(
        pg::Connection::connect({.conninfo = socket_conninfo("postgres", "postgres"), .password = {}}));
    (void)require(super.execute("CREATE ROLE plumbline LOGIN CREATEROLE CREATEDB"));
  } catch (...) {
    kill9();
    ::close(guardian_pipe_);
    wait_for(guardian_);
    throw;
  }
}

PostgresCluster::~PostgresCluster() {
  kill9();
  ::close(guardian_pipe_);  // the guardian removes the folder
  wait_for(guardian_);
}

PostgresCluster& PostgresCluster::shared() {
  static PostgresCluster cluster;
  return cluster;
}

// The guardian waits for the end of its pipe, which comes when this process closes it or ends; then it frees
// the shared memory segment of a killed server and removes the folder.
void PostgresCluster::make_folder() {
  std::string name = (std::filesystem::temp_directory_path() / "plumbline-pg-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) fail("no temporary folder");
  folder_ = name;
  if (uid_ != 0 && ::chown(name.c_str(), uid_, gid_) != 0) fail("chown of " + name);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) fail("no pipe");
  guardian_pipe_ = ends[1];
  static const char* script =
      "trap '' INT TERM HUP; read -r line; id=$(sed -n '7s/.* //p' \"$0/data/postmaster.pid\" 2>/dev/null);"
      "[ -n \"$id\" ] && ipcrm -m \"$id\" 2>/dev/null;"
      "n=0; until rm -rf \"$0\" 2>/dev/null || [ $n -ge 100 ]; do n=$((n+1)); sleep 0.1; done";
  guardian_ = ::fork();
  if (guardian_ == 0) {
    ::dup2(ends[0], 0);
    const int null = ::open("/dev/null", O_WRONLY);
    ::dup2(null, 1);
    ::dup2(null, 2);
    ::execl("/bin/sh", "sh", "-c", script, folder_.c_str(), nullptr);
    ::_exit(127);
  }
  ::close(ends[0]);
}

pid_t PostgresCluster::spawn(const std::vector<std::string>& command) const {
  const std::string log = folder_ + "/log";
  const pid_t parent = ::getpid();
  auto argv = arguments(command);
  const pid_t child = ::fork();
  if (child != 0) return child;
  if (uid_ != 0 && (::setgroups(0, nullptr) != 0 || ::setgid(gid_) != 0 || ::setuid(uid_) != 0)) ::_exit(126);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // after setuid, which clears it
  if (::getppid() != parent) ::_exit(126);
  ::setpgid(0, 0);  // a Ctrl-C at the test must not shut the server down under it
  const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  const int null = ::open("/dev/null", O_RDONLY);
  ::dup2(null, 0);
  ::dup2(out, 1);
  ::dup2(out, 2);
  if (::chdir(folder_.c_str()) != 0) ::_exit(126);
  ::execv(argv[0], argv.data());
  ::_exit(127);
}

void PostgresCluster::initdb() {
  const pid_t child = spawn({PLUMBLINE_PG_BIN "/initdb", "-D", folder_ + "/data", "-U", "postgres", "-A",
                             "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"});
  if (child < 0 || wait_for(child) != 0) fail("initdb failed: " + log_tail());
  if (!options_.hba.empty()) std::ofstream(folder_ + "/data/pg_hba.conf") << options_.hba;
}

void PostgresCluster::start() {
  if (pid_ > 0) return;
  std::vector<std::string> command{PLUMBLINE_PG_BIN "/postgres", "-D", folder_ + "/data"};
  std::vector<std::string> settings{"port=" + std::to_string(port_),
                                    "listen_addresses=127.0.0.1",
                                    "fsync=on",
                                    "unix_socket_directories=" + folder_,
                                    "shared_buffers=128MB",
                                    "max_connections=60",
                                    "logging_collector=off",
                                    "autovacuum_naptime=5s"};
  settings.insert(settings.end(), options_.settings.begin(), options_.settings.end());
  for (const std::string& setting : settings) {
    command.push_back("-c");
    command.push_back(setting);
  }
  const auto deadline = steady_clock::now() + kStartDeadline;
  while (steady_clock::now() < deadline) {
    if (pid_ < 0) pid_ = spawn(command);
    bool ended = false;
    if (accepts(&ended)) return;
    if (ended) pid_ = -1;  // such as a backend of a killed server that still lets go of its memory: again
    std::this_thread::sleep_for(kPoll);
  }
  fail("did not start within 60 s: " + log_tail());
}

bool PostgresCluster::accepts(bool* ended) {
  if (::waitpid(pid_, nullptr, WNOHANG) == pid_) return *ended = true, false;
  auto tried = pg::Connection::connect({.conninfo = socket_conninfo("postgres", "postgres"), .password = {}});
  return tried.ok();
}

void PostgresCluster::stop() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGINT);
  wait_for(pid_);
  pid_ = -1;
}

void PostgresCluster::kill9() {
  if (pid_ < 0) return;
  test::pause_process(pid_);  // so that no backend is born meanwhile
  for (const pid_t backend : children_of(pid_)) ::kill(backend, SIGKILL);
  ::kill(pid_, SIGKILL);
  wait_for(pid_);
  pid_ = -1;
}

void PostgresCluster::pause() const {
  if (pid_ < 0) return;
  test::pause_process(pid_);  // so that no backend is born meanwhile
  for (const pid_t backend : children_of(pid_)) test::pause_process(backend);
}

void PostgresCluster::resume() const {
  if (pid_ < 0) return;
  for (const pid_t backend : children_of(pid_)) ::kill(backend, SIGCONT);
  ::kill(pid_, SIGCONT);
}

std::string PostgresCluster::log_tail() const {
  std::ifstream in(folder_ + "/log");
  std::stringstream all;
  all << in.rdbuf();
  const std::string text = all.str();
  return text.size() > 2000 ? text.substr(text.size() - 2000) : text;
}

std::string PostgresCluster::write_file(const std::string& name, const std::string& content) const {
  const std::string path = folder_ + "/" + name;
  std::ofstream(path) << content;
  ::chmod(path.c_str(), 0600);
  if (uid_ != 0 && ::chown(path.c_str(), uid_, gid_) != 0) fail("chown of " + path);
  return path;
}

std::string PostgresCluster::conninfo(const std::string& database, const std::string& user) const {
  return "host=127.0.0.1 port=" + std::to_string(port_) + " dbname=" + database + " user=" + user;
}

std::string PostgresCluster::socket_conninfo(const std::string& database, const std::string& user) const {
  return "host=" + folder_ + " port=" + std::to_string(port_) + " dbname=" + database + " user=" + user;
}

std::string PostgresCluster::create_database(bool migrated) {
  auto admin = require(pg::Connection::connect({.conninfo = conninfo("postgres"), .password = {}}));
  if (migrated && template_.empty()) {  // migrated once, copied afterwards
    (void)require(admin.execute("CREATE DATABASE plumbline_template"));
    auto fresh =
        require(pg::Connection::connect({.conninfo = conninfo("plumbline_template"), .password = {}}));
    (void)require(pg::migrate(fresh));
    template_ = "plumbline_template";
  }
  const std::string name = "t" + std::to_string(++databases_);
  (void)require(admin.execute("CREATE DATABASE " + name +
                              (migrated ? " TEMPLATE " + template_ : " TEMPLATE template0")));
  return name;
}

void PostgresCluster::drop_database(const std::string& name) {
  auto admin =
      require(pg::Connection::connect({.conninfo = socket_conninfo("postgres", "postgres"), .password = {}}));
  (void)require(admin.execute("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)"));
}

pg::Connection TestDatabase::connect(const std::string& role) const {
  return require(pg::Connection::connect({.conninfo = conninfo(), .password = {}, .role = role}));
}

pg::Connection TestDatabase::superuser() const {
  return require(pg::Connection::connect({.conninfo = cluster_.conninfo(name_, "postgres"), .password = {}}));
}

}  // namespace plumbline::tests
