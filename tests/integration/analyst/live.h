// A whole `plumbline up` with the real sample in it, its times moved so that the newest report is of a minute
// ago, and an analyst's login. One for the test binary: starting it takes seconds.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "core/pg/connection.h"
#include "tests/support/process/process.h"
#include "tests/support/stack/stack.h"

namespace plumbline::tests {

class Live {
 public:
  static Live& shared();
  ~Live();

  [[nodiscard]] Stack& stack() { return stack_; }
  [[nodiscard]] const Tenant& tenant() const { return tenant_; }
  // Signed in as the tenant's analyst.
  [[nodiscard]] pg::Connection analyst();
  [[nodiscard]] std::string metrics() const;
  [[nodiscard]] std::string logs() const { return up_.output_tail(); }
  // Until the query gives the value; false after the deadline.
  [[nodiscard]] bool becomes(const std::string& sql, const std::string& value);

 private:
  Live();
  void push();
  void count_health();

  Stack stack_{Backend::kEmbedded};
  test::Process up_;
  Tenant tenant_;
};

// Of the repository. Throws.
[[nodiscard]] std::string read_file(const std::string& path);

}  // namespace plumbline::tests
