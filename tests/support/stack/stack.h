// The real thing for tests: PostgreSQL, the log of either backend, `plumbline edge` and `plumbline persist`
// as processes of their own, tenants and keys made with the command line as a person would.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bench/load/http_load.h"
#include "tests/support/fault_proxy.h"
#include "tests/support/kafka_broker.h"
#include "tests/support/postgres.h"
#include "tests/support/process/process.h"

namespace plumbline::tests {

enum class Backend { kEmbedded, kKafka };

[[nodiscard]] inline std::string to_string(Backend backend) {
  return backend == Backend::kEmbedded ? "embedded" : "kafka";
}

// How the roles reach PostgreSQL and the broker: straight, or through proxies that a test can hurt.
enum class Wires { kStraight, kThroughProxies };

struct Tenant {
  std::string slug;
  std::string id;
  load::Signer signer;
};

class Stack {
 public:
  // Starts PostgreSQL and, for Kafka, a broker; writes the configuration; starts no role yet. Throws.
  explicit Stack(Backend backend, const std::map<std::string, std::string>& options = {},
                 Wires wires = Wires::kStraight);
  ~Stack();
  Stack(const Stack&) = delete;
  Stack& operator=(const Stack&) = delete;

  void start_roles();  // edge and one persist; returns once the edge is ready
  Tenant create_tenant(const std::string& slug);
  // Runs `plumbline WORDS…` with this stack's configuration; standard output, throws unless it exits with 0.
  std::string plumbline(const std::string& words) const;
  // Runs `plumb WORDS…` with the tenant's credentials; output and exit code.
  std::pair<int, std::string> plumb(const Tenant& tenant, const std::string& words) const;

  // One more persist process; owned by the stack. Each has an admin port and an output file of its own.
  test::Process& add_persist();
  // One more process of a role (persist, health, drift, notify; edge with PLUMBLINE_EDGE_LISTEN), with
  // variables of its own.
  test::Process& add_role(const std::string& name, const std::map<std::string, std::string>& options = {});
  [[nodiscard]] test::Process& edge() { return *edge_; }
  [[nodiscard]] test::Process& persist(std::size_t i = 0) { return *roles_.at("persist").at(i); }
  [[nodiscard]] PostgresCluster& postgres() { return postgres_; }
  [[nodiscard]] KafkaBroker& broker() const { return *broker_; }
  // Null when the wires are straight, or where there is no broker.
  [[nodiscard]] test::FaultProxy* postgres_wire() { return postgres_wire_.get(); }
  [[nodiscard]] test::FaultProxy* broker_wire() { return broker_wire_.get(); }
  [[nodiscard]] Backend backend() const { return backend_; }
  [[nodiscard]] const TestDatabase& database() const { return *database_; }
  [[nodiscard]] int edge_port() const { return edge_port_; }
  [[nodiscard]] bool edge_ready() const;
  // Everything that was logged, for the message of a failed expectation.
  [[nodiscard]] std::string logs() const;
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }
  [[nodiscard]] std::string config_path() const { return (folder_.path() / "plumbline.toml").string(); }

  // One value of a query as the superuser; "" when PostgreSQL is down.
  [[nodiscard]] std::string value(const std::string& sql) const;

 private:
  Backend backend_;
  test::TempFolder folder_;
  PostgresCluster postgres_;
  std::unique_ptr<TestDatabase> database_;
  std::unique_ptr<test::FaultProxy> broker_wire_;
  std::unique_ptr<KafkaBroker> broker_;
  std::unique_ptr<test::FaultProxy> postgres_wire_;
  int edge_port_;
  std::unique_ptr<test::Process> edge_;
  std::map<std::string, std::vector<std::unique_ptr<test::Process>>> roles_;
};

// The key id and secret that `plumbline key create` or `rotate` printed.
[[nodiscard]] load::Signer signer_of(const std::string& printed);

// True once the edge answers 202 to one signed trace of the tenant: the key has reached it.
[[nodiscard]] bool accepts(const Stack& stack, const Tenant& tenant);

// GET over loopback; the status code, 0 when nobody answers. `body` when wanted.
int http_get(int port, const std::string& path, std::string* body = nullptr);

}  // namespace plumbline::tests
