// A private PostgreSQL 15 for tests: own folder, own port, real fsync; gone afterwards, also when the test is
// killed.
#pragma once
#include <stdexcept>
#include <string>
#include <vector>

#include <sys/types.h>

#include "core/pg/connection.h"

namespace plumbline::tests {

struct PostgresOptions {
  std::vector<std::string> settings = {};  // "name=value", as the server's -c
  std::string hba = {};  // lines of pg_hba.conf; empty: everybody on loopback and the socket is trusted
};

// The server runs as the user postgres (or nobody) when the test runs as root, which initdb refuses. Its
// login role "plumbline" is no superuser (CREATEROLE, CREATEDB), as an installation's should be; "postgres"
// is the superuser. Not thread-safe. Failures throw std::runtime_error with the end of the server's log. A
// guardian process removes the folder once this process ends in whatever way; make a cluster on a thread that
// lives as long as it does (PDEATHSIG is per thread).
class PostgresCluster {
 public:
  explicit PostgresCluster(PostgresOptions options = {});
  ~PostgresCluster();
  PostgresCluster(const PostgresCluster&) = delete;
  PostgresCluster& operator=(const PostgresCluster&) = delete;

  // One for the whole test binary, started on first use.
  static PostgresCluster& shared();

  void start();         // returns once it accepts connections
  void stop();          // fast shutdown: connections are ended, nothing is lost
  void kill9();         // the server and all its backends at once
  void pause() const;   // SIGSTOP to all of them: connections stay open, nothing answers
  void resume() const;  // SIGCONT
  void restart() {
    stop();
    start();
  }

  // conninfo over TCP or the Unix socket.
  [[nodiscard]] std::string conninfo(const std::string& database,
                                     const std::string& user = "plumbline") const;
  [[nodiscard]] std::string socket_conninfo(const std::string& database,
                                            const std::string& user = "plumbline") const;
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] pid_t pid() const { return pid_; }  // postmaster; -1 while it is down
  [[nodiscard]] const std::string& folder() const { return folder_; }
  // Writes a file that the server may read (mode 0600, the server's user) into folder(); returns its path.
  std::string write_file(const std::string& name, const std::string& content) const;

  std::string create_database(bool migrated);  // returns its name
  void drop_database(const std::string& name);

 private:
  void make_folder();
  void initdb();
  [[nodiscard]] pid_t spawn(const std::vector<std::string>& command) const;
  [[nodiscard]] bool accepts(bool* ended);
  [[nodiscard]] std::string log_tail() const;

  PostgresOptions options_;
  std::string folder_;
  uid_t uid_ = 0;
  gid_t gid_ = 0;
  int port_ = 0;
  pid_t pid_ = -1;
  pid_t guardian_ = -1;
  int guardian_pipe_ = -1;
  int databases_ = 0;
  std::string template_;
};

// A fresh database of a cluster, migrated to the newest version unless told otherwise; dropped when it goes.
class TestDatabase {
 public:
  explicit TestDatabase(PostgresCluster& cluster = PostgresCluster::shared(), bool migrated = true)
      : cluster_(cluster), name_(cluster.create_database(migrated)) {}
  ~TestDatabase() {
    try {
      cluster_.drop_database(name_);
    } catch (...) {  // the server is down: its folder goes with the cluster
    }
  }
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::string conninfo() const { return cluster_.conninfo(name_); }
  [[nodiscard]] PostgresCluster& cluster() const { return cluster_; }
  // A connection, after SET ROLE when one is named ("plumbline_reader", ...). Throws.
  [[nodiscard]] pg::Connection connect(const std::string& role = "") const;
  // As the superuser, whom no policy binds.
  [[nodiscard]] pg::Connection superuser() const;

 private:
  PostgresCluster& cluster_;
  std::string name_;
};

// The value, or std::runtime_error with the message.
template <class T>
T require(Result<T> result) {
  if (!result.ok()) throw std::runtime_error(result.error().code + ": " + result.error().message);
  return std::move(result).value();
}

}  // namespace plumbline::tests
