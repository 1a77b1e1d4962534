// A full disk below the embedded log, below the broker and below PostgreSQL: requests get 503 with a reason
// (or 202, where the log has room), nothing that was accepted is lost, and all goes on by itself once there
// is room. The disks are tmpfs of a mount namespace of this process; where none can be made, the tests say
// so.
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <random>
#include <set>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/stack/stack.h"

namespace plumbline::tests {
namespace {

namespace fs = std::filesystem;

// This process and its children see mounts of their own from now on; false where the kernel allows none.
bool own_mounts() {
  static const bool made = [] {
    const uid_t uid = ::getuid();
    if (uid == 0) {
      if (::unshare(CLONE_NEWNS) != 0) return false;
    } else {
      // The same user inside as outside, for PostgreSQL refuses to be root.
      const gid_t gid = ::getgid();
      if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
      std::ofstream("/proc/self/setgroups") << "deny";
      std::ofstream("/proc/self/uid_map") << uid << " " << uid << " 1";
      std::ofstream("/proc/self/gid_map") << gid << " " << gid << " 1";
    }
    return ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
  }();
  return made;
}

// A folder's files moved onto a file system of so many bytes, mounted in its place.
class SmallDisk {
 public:
  SmallDisk(fs::path at, std::int64_t bytes) : at_(std::move(at)) {
    const fs::path aside = at_.string() + ".aside";
    fs::create_directories(at_);
    struct stat facts {};
    if (::stat(at_.c_str(), &facts) != 0) throw std::runtime_error("stat " + at_.string());
    fs::rename(at_, aside);
    fs::create_directory(at_);
    if (::mount("small", at_.c_str(), "tmpfs", 0, ("size=" + std::to_string(bytes) + ",mode=700").c_str()) !=
        0)
      throw std::runtime_error("mount: " + std::string(std::strerror(errno)));
    if (::chown(at_.c_str(), facts.st_uid, facts.st_gid) != 0) throw std::runtime_error("chown");
    if (std::system(("cp -a " + aside.string() + "/. " + at_.string()).c_str()) != 0)
      throw std::runtime_error("cp: the disk is too small for what is there");
    fs::remove_all(aside);
  }
  ~SmallDisk() { ::umount2(at_.c_str(), MNT_DETACH); }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  // Takes all the room that is left, as somebody else's file would.
  void fill() const {
    const int fd = ::open(ballast().c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
    const std::string block(4096, 'x');
    while (::write(fd, block.data(), block.size()) > 0) {
    }
    ::close(fd);
  }
  void free() const { fs::remove(ballast()); }

 private:
  [[nodiscard]] fs::path ballast() const { return at_ / "ballast"; }
  const fs::path at_;
};

struct Seen {
  std::map<int, std::uint64_t> by_status;
  std::set<Uuid> accepted;
  std::string refusal;  // the body of the last 503
};

// A second of requests.
void send(const Stack& stack, const Tenant& tenant, Seen& seen) {
  load::LoadOptions options;
  options.port = static_cast<std::uint16_t>(stack.edge_port());
  options.signers = {tenant.signer};
  options.connections = 4;
  options.requests_s = 200;
  options.warmup = std::chrono::milliseconds(0);
  options.duration = std::chrono::milliseconds(1000);
  options.seed = std::random_device{}();
  options.shape = {.traces_per_request = 50, .trace_bytes = 2000, .sessions = 5, .agents = 3, .zstd = false};
  (void)load::run_load(options, {}, [&](int status, auto ids, auto, std::string_view body) {
    ++seen.by_status[status];
    if (status == 202) seen.accepted.insert(ids.begin(), ids.end());
    if (status == 503) seen.refusal = body;
  }).ok();
}

class Disk : public testing::Test {
 protected:
  void SetUp() override {
    // No part that could be installed: where the kernel allows no mounts, no disk can be small.
    if (!own_mounts()) GTEST_SKIP() << "this kernel allows this user no mounts";
  }
  void start(Backend backend, const std::map<std::string, std::string>& options = {}) {
    stack_ = std::make_unique<Stack>(backend, options);
  }
  void roles() {
    stack_->start_roles();
    tenant_ = stack_->create_tenant("acme");
    ASSERT_TRUE(test::wait_for([this] { return accepts(*stack_, tenant_); })) << stack_->logs();
  }
  std::size_t missing() const {
    std::set<Uuid> left = seen_.accepted;
    try {
      auto connection = stack_->database().superuser();
      auto rows = connection.query("SELECT id FROM plumbline.traces");
      for (int i = 0; rows && i < rows->size(); ++i) left.erase(*Uuid::parse(rows->text(i, 0)));
    } catch (const std::runtime_error&) {  // PostgreSQL is down
    }
    return left.size();
  }
  // Everything accepted is stored once, and the ledger agrees.
  void expect_whole() {
    for (const auto& [status, times] : seen_.by_status) std::cout << status << " " << times << " times\n";
    std::cout << seen_.accepted.size() << " traces accepted; " << seen_.refusal << std::endl;
    EXPECT_TRUE(test::wait_for([&] { return missing() == 0; }, std::chrono::seconds(90)))
        << missing() << " of " << seen_.accepted.size() << " are not stored\n"
        << stack_->logs();
    EXPECT_EQ(stack_->value("SELECT count(*) - count(DISTINCT id) FROM plumbline.traces"), "0");
    EXPECT_TRUE(test::wait_for([&] {
      return stack_->value("SELECT bool_and(balanced) FROM plumbline.ledger_balance") == "t";
    })) << stack_->plumbline("ledger");
  }
  bool refuses() {
    Seen now;
    send(*stack_, tenant_, now);
    seen_.accepted.merge(now.accepted);
    for (const auto& [status, times] : now.by_status) seen_.by_status[status] += times;
    if (!now.refusal.empty()) seen_.refusal = now.refusal;
    return now.by_status[503] > 0 && now.by_status[202] == 0;
  }

  std::unique_ptr<Stack> stack_;
  Tenant tenant_;
  Seen seen_;
};

TEST_F(Disk, TheEmbeddedLogsFullDiskIsA503WithAReasonAndHealsByItself) {
  start(Backend::kEmbedded);
  const SmallDisk disk(stack_->folder() / "log", std::int64_t{640} << 20);
  roles();
  send(*stack_, tenant_, seen_);
  disk.fill();
  ASSERT_TRUE(test::wait_for([this] { return refuses(); })) << stack_->logs();
  EXPECT_NE(seen_.refusal.find("the disk below the log is full"), std::string::npos) << seen_.refusal;
  EXPECT_TRUE(refuses()) << "it takes what it has no room for";
  EXPECT_TRUE(stack_->edge().running()) << stack_->logs();
  disk.free();
  EXPECT_TRUE(test::wait_for([this] { return accepts(*stack_, tenant_); })) << stack_->logs();
  send(*stack_, tenant_, seen_);
  expect_whole();
}

// A broker ends itself when its only log folder fails; whoever runs it starts it again, as here.
TEST_F(Disk, TheBrokersFullDiskIsA503WithAReasonAndHealsOnceItIsStartedAgain) {
  start(Backend::kKafka);
  stack_->broker().stop();
  const SmallDisk disk(stack_->broker().folder() / "data", std::int64_t{768} << 20);
  stack_->broker().start();
  roles();
  send(*stack_, tenant_, seen_);
  disk.fill();
  ASSERT_TRUE(test::wait_for([this] { return refuses(); }, std::chrono::seconds(120))) << stack_->logs();
  EXPECT_NE(seen_.refusal.find("\"detail\":\"the log "), std::string::npos) << seen_.refusal;
  EXPECT_TRUE(stack_->edge().running()) << stack_->logs();
  EXPECT_TRUE(stack_->persist().running()) << stack_->logs();
  disk.free();
  if (!stack_->broker().process().running()) stack_->broker().start();
  EXPECT_TRUE(test::wait_for([this] { return accepts(*stack_, tenant_); })) << stack_->logs();
  send(*stack_, tenant_, seen_);
  expect_whole();
}

TEST_F(Disk, PostgreSqlsFullDiskStopsOnlyPersistAndHealsByItself) {
  start(Backend::kEmbedded);
  stack_->postgres().stop();
  const SmallDisk disk(fs::path(stack_->postgres().folder()) / "data", std::int64_t{512} << 20);
  stack_->postgres().start();
  roles();
  send(*stack_, tenant_, seen_);
  disk.fill();
  // The log has room: the edge goes on until PostgreSQL certainly has refused something.
  ASSERT_TRUE(test::wait_for([this] {
    send(*stack_, tenant_, seen_);
    return stack_->persist().output_tail(100000).find("No space left on device") != std::string::npos ||
           stack_->value("SELECT 1").empty();
  })) << stack_->logs();
  EXPECT_EQ(seen_.by_status[503], 0U);
  EXPECT_GT(missing(), 0U) << "the disk was not full";
  disk.free();
  // PostgreSQL ends by itself when it can't write its WAL; its supervisor starts it again.
  if (!test::wait_for([this] { return !stack_->value("SELECT 1").empty(); }, std::chrono::seconds(10))) {
    stack_->postgres().kill9();
    stack_->postgres().start();
  }
  expect_whole();
}

}  // namespace
}  // namespace plumbline::tests
