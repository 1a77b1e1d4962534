// What the receivers of the test kept, by route, type of event and repository; flagged where the message says
// that it is sent again.
#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tests/support/postgres.h"

namespace plumbline::tests {

[[nodiscard]] std::vector<std::string> lines_of(const std::filesystem::path& file);
// Complete ones, in the order in which they came.
[[nodiscard]] std::vector<std::filesystem::path> mails_in(const std::filesystem::path& folder);

struct Receipt {
  int plain = 0;
  int flagged = 0;
};

class Receipts {
 public:
  void read_slack(const std::filesystem::path& file);
  void read_hooks(const std::filesystem::path& file);
  void read_mails(const std::filesystem::path& folder);

  // Names as the table gives them.
  [[nodiscard]] static std::string name(const std::string& route, const std::string& type,
                                        const std::string& repo);
  [[nodiscard]] Receipt of(const std::string& name) const;
  [[nodiscard]] std::size_t size() const { return all_.size(); }
  [[nodiscard]] const std::string& bad() const { return bad_; }

 private:
  // `title` as people read it; the route's own number stands in `route`.
  void add(const std::string& route, const std::string& title, bool flagged);

  std::map<std::string, Receipt> all_;
  std::string bad_;
};

// What was received against the rows of deliveries: `bad` names each that was never told, told twice without
// saying so, or that nobody was to send.
struct Comparison {
  std::string bad;
  int rows = 0;
  int flagged = 0;       // received as sent again
  int rows_flagged = 0;  // so in the table
};
[[nodiscard]] Comparison compare(const Receipts& got, const TestDatabase& database);

}  // namespace plumbline::tests
