// The agent's state on a file system of 16 MiB that is full: a tmpfs in a namespace of its own where the
// kernel lets this user make one, and always the same limit inside the process (tests/support/fault_io).
#include <fstream>
#include <iostream>

#include <gtest/gtest.h>

#include "tests/support/agent_box.h"
#include "tests/support/fault_proxy.h"

namespace plumbline::tests {
namespace {

namespace fs = std::filesystem;
using test::FaultProxy;

constexpr std::int64_t kDiskBytes = std::int64_t{16} << 20;
constexpr std::size_t kEventBytes = 200'000;

// Keeps a namespace alive in which `at` is a tmpfs of 16 MiB; processes enter it with nsenter.
class SmallDisk {
 public:
  explicit SmallDisk(const fs::path& at)
      : holder_(
            {.command = {"unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
                         "mount -t tmpfs -o size=" + std::to_string(kDiskBytes) + " small " + at.string() +
                             " && : > " + ready(at).string() + " && exec tail -f /dev/null"},
             .environment = {},
             .output = at.parent_path() / "disk.log"}) {
    fs::create_directories(at);
    holder_.start();
    made_ = test::wait_for([&] { return fs::exists(ready(at)) || !holder_.running(); }) && holder_.running();
  }
  [[nodiscard]] bool made() const { return made_; }
  [[nodiscard]] std::string why() const { return holder_.output_tail(); }
  [[nodiscard]] std::vector<std::string> enter() const {
    return {"nsenter",  "--target", std::to_string(holder_.pid()),
            "--user",   "--mount",  "--preserve-credentials",
            "--no-fork"};
  }
  // What processes outside see of a path on it.
  [[nodiscard]] fs::path seen(const fs::path& path) const {
    return fs::path("/proc/" + std::to_string(holder_.pid()) + "/root" + path.string());
  }

 private:
  static fs::path ready(const fs::path& at) { return at.parent_path() / "disk.ready"; }
  test::Process holder_;
  bool made_ = false;
};

class AgentDisk : public testing::Test {
 protected:
  AgentDisk() : stack_(Backend::kEmbedded) {
    stack_.start_roles();
    tenant_ = stack_.create_tenant("acme");
    EXPECT_TRUE(test::wait_for([this] { return accepts(stack_, tenant_); })) << stack_.logs();
    network_ = std::make_unique<FaultProxy>(stack_.edge_port());
    box_ = std::make_unique<AgentBox>("disk", tenant_, network_->port(),
                                      "[[tail]]\npath = \"in/events.ndjson\"\nformat = \"ndjson\"\n");
    fs::create_directories(box_->state());
  }

  // Posts until it refuses; what it acknowledged is wanted.
  AgentAnswer fill() {
    for (int i = 0; i < 200; ++i) {
      const AgentAnswer answer = box_->post_span(next_, kEventBytes);
      if (answer.status != 202) return answer;
      wanted_.insert(next_++);
    }
    return {202, "a disk of 16 MiB took 40 MB"};
  }

  void check(const std::map<std::string, std::string>& environment) {
    network_->set(FaultProxy::Mode::kRefuse);
    box_->start(environment);
    ASSERT_TRUE(box_->listens()) << box_->process().output_tail();
    const AgentAnswer refused = fill();
    ASSERT_EQ(refused.status, 503) << refused.body;
    EXPECT_NE(refused.body.find("can't be written"), std::string::npos) << refused.body;
    EXPECT_NE(refused.body.find("No space left on device"), std::string::npos) << refused.body;
    EXPECT_GT(wanted_.size() * kEventBytes, static_cast<std::size_t>(kDiskBytes) / 2);
    // A file waits on its own disk: nothing of it is read on, nothing is lost.
    const std::uint64_t from = next_;
    std::ofstream file(box_->folder() / "in" / "events.ndjson");
    for (std::uint64_t number = from; number < from + 10; ++number)
      file << span_line(number, kEventBytes) << "\n";
    file.close();
    const std::uint64_t after = from + 10;
    // Refusals for hours leave nothing behind, and it dies and starts on the full disk.
    for (int i = 0; i < 40; ++i) EXPECT_EQ(box_->post_span(after, kEventBytes).status, 503);
    const auto [code, status] = box_->plumb("agent status");
    std::cout << status << std::endl;
    box_->process().kill9();
    box_->start(environment);
    ASSERT_TRUE(box_->listens()) << "it does not start on a full disk\n" << box_->process().output_tail();
    EXPECT_EQ(box_->post_span(after, kEventBytes).status, 503);
    network_->set(FaultProxy::Mode::kPass);
    for (std::uint64_t number = from; number < after; ++number) wanted_.insert(number);
    EXPECT_TRUE(test::wait_for([&] { return not_stored_once(stack_, wanted_).empty(); }))
        << not_stored_once(stack_, wanted_).size() << " of " << wanted_.size() << " are missing\n"
        << box_->process().output_tail();
    next_ = after;
    EXPECT_TRUE(test::wait_for([&] { return box_->post_span(next_, kEventBytes).status == 202; }))
        << "it takes nothing though it has room";
    wanted_.insert(next_);
    EXPECT_TRUE(test::wait_for([&] { return not_stored_once(stack_, wanted_).empty(); }));
    EXPECT_EQ(stack_.value("SELECT count(*) - count(DISTINCT id) FROM plumbline.traces"), "0");
    EXPECT_EQ(box_->process().terminate(), 0);
  }

  Stack stack_;
  Tenant tenant_;
  std::unique_ptr<FaultProxy> network_;
  std::unique_ptr<AgentBox> box_;
  std::set<std::uint64_t> wanted_;
  std::uint64_t next_ = 1;
};

TEST_F(AgentDisk, ALimitOf16MiBRefusesAndLosesNothing) {
  check({{"LD_PRELOAD", fault_io()},
         {"FAULT_IO_FOLDER", box_->state().string()},
         {"FAULT_IO_BYTES_MAX", std::to_string(kDiskBytes)}});
}

TEST_F(AgentDisk, AFileSystemOf16MiBRefusesAndLosesNothing) {
  const SmallDisk disk(box_->state());
  if (!disk.made()) {
    // A container without namespaces: the test above has met the same limit.
    std::cout << "no file system can be made here: " << disk.why() << std::endl;
    return;
  }
  box_->wrap(disk.enter());
  check({});
}

}  // namespace
}  // namespace plumbline::tests
