// SIGKILL of the agent at random while programs send it events over HTTP and its socket, a file that it
// follows rotates, and the network to the edge is slow, cut or gone: what was acknowledged, and every line of
// the file, is in PostgreSQL exactly once. Seed: PLUMBLINE_SEED (printed); kills: PLUMBLINE_KILLS (220).
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <mutex>
#include <random>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/support/agent_box.h"
#include "tests/support/fault_proxy.h"

namespace plumbline::tests {
namespace {

namespace fs = std::filesystem;
using test::FaultProxy;

constexpr std::uint64_t kHttp = 1'000'000, kSocket = 2'000'000, kFile = 3'000'000;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// What was acknowledged, by number.
class Acknowledged {
 public:
  void add(std::uint64_t number) {
    const std::lock_guard lock(mutex_);
    numbers_.insert(number);
  }
  [[nodiscard]] std::set<std::uint64_t> all() const {
    const std::lock_guard lock(mutex_);
    return numbers_;
  }
  [[nodiscard]] std::size_t count() const { return all().size(); }

 private:
  mutable std::mutex mutex_;
  std::set<std::uint64_t> numbers_;
};

bool pause(const std::stop_token& stop, int milliseconds) {
  return !test::wait_for([&] { return stop.stop_requested(); }, std::chrono::milliseconds(milliseconds));
}

void send_over_http(const std::stop_token& stop, const AgentBox& box, Acknowledged& acknowledged) {
  for (std::uint64_t number = kHttp; !stop.stop_requested(); ++number) {
    const AgentAnswer answer = box.post_span(number, 300 + number % 7 * 100);
    if (answer.status == 202) acknowledged.add(number);
    if (answer.status == 0 && !pause(stop, 20)) return;  // it is dead for a moment
  }
}

// Several lines at once; answers come in order, one each.
void send_over_socket(const std::stop_token& stop, const fs::path& path, Acknowledged& acknowledged) {
  constexpr std::uint64_t kLines = 5;
  for (std::uint64_t number = kSocket; !stop.stop_requested(); number += kLines) {
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval patience{30, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    path.string().copy(to.sun_path, sizeof to.sun_path - 1);
    std::string lines, answers;
    for (std::uint64_t i = 0; i < kLines; ++i) lines += span_line(number + i) + "\n";
    if (connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0 &&
        send(fd, lines.data(), lines.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(lines.size())) {
      shutdown(fd, SHUT_WR);
      char buffer[4096];
      for (ssize_t n = recv(fd, buffer, sizeof buffer, 0); n > 0; n = recv(fd, buffer, sizeof buffer, 0))
        answers.append(buffer, static_cast<std::size_t>(n));
    }
    close(fd);
    std::uint64_t line = 0;
    for (std::size_t at = 0, end = 0; (end = answers.find('\n', at)) != std::string::npos; at = end + 1) {
      if (answers.substr(at, end - at).find(R"("accepted")") != std::string::npos)
        acknowledged.add(number + line);
      ++line;
    }
    if (line == 0 && !pause(stop, 20)) return;
  }
}

// Half lines, whole lines, and now and then a rotation, as AtlasBridge does it.
void write_file(const std::stop_token& stop, const fs::path& path, std::uint64_t seed,
                Acknowledged& written) {
  std::mt19937_64 random(seed);
  int archives = 0;
  for (std::uint64_t number = kFile; !stop.stop_requested(); ++number) {
    const std::string line = span_line(number, random() % 600) + "\n";
    const std::size_t half = random() % line.size();
    std::ofstream(path, std::ios::app | std::ios::binary) << line.substr(0, half);
    if (random() % 4 == 0 && !pause(stop, 5)) break;  // the rest of it never comes
    std::ofstream(path, std::ios::app | std::ios::binary) << line.substr(half);
    written.add(number);
    if (random() % 40 == 0 && archives < 20) {
      for (int i = archives; i > 0; --i)
        fs::rename(path.string() + "." + std::to_string(i), path.string() + "." + std::to_string(i + 1));
      fs::rename(path, path.string() + ".1");
      ++archives;
    }
    if (!pause(stop, static_cast<int>(random() % 20))) return;
  }
}

void disturb(FaultProxy& network, std::mt19937_64& random, std::map<std::string, int>& done) {
  network.set(FaultProxy::Mode::kPass);
  network.slow(0);
  switch (random() % 6) {
    case 0:
      ++done["refused"];
      return network.set(FaultProxy::Mode::kRefuse);
    case 1:
      ++done["held"];
      return network.set(FaultProxy::Mode::kHold);
    case 2:
      ++done["slow"];
      return network.slow(static_cast<std::int64_t>(2000 + random() % 40000));
    case 3:
      ++done["cut"];
      return network.cut_after(static_cast<std::int64_t>(random() % 3000));
    default:
      ++done["whole"];
  }
}

TEST(AgentKill, WhatItAcknowledgedIsStoredExactlyOnce) {
  const std::uint64_t seed = from_environment("PLUMBLINE_SEED", std::random_device{}());
  const std::uint64_t kills = from_environment("PLUMBLINE_KILLS", 220);
  std::cout << "PLUMBLINE_SEED=" << seed << " PLUMBLINE_KILLS=" << kills << std::endl;
  std::mt19937_64 random(seed);
  Stack stack(Backend::kEmbedded);
  stack.start_roles();
  const Tenant tenant = stack.create_tenant("acme");
  ASSERT_TRUE(test::wait_for([&] { return accepts(stack, tenant); })) << stack.logs();
  FaultProxy network(stack.edge_port());
  AgentBox box("kill", tenant, network.port(),
               "[[tail]]\npath = \"in/events.ndjson\"\nformat = \"ndjson\"\n[spool]\nbytes_max = \"4MiB\"\n");

  Acknowledged acknowledged, written;
  std::jthread http([&](const std::stop_token& stop) { send_over_http(stop, box, acknowledged); });
  std::jthread unix_socket([&](const std::stop_token& stop) {
    send_over_socket(stop, box.folder() / "in" / "socket", acknowledged);
  });
  std::jthread file([&](const std::stop_token& stop) {
    write_file(stop, box.folder() / "in" / "events.ndjson", seed, written);
  });
  std::map<std::string, int> network_was;
  int started = 0;
  for (std::uint64_t i = 0; i < kills; ++i) {
    disturb(network, random, network_was);
    box.start();
    // Some die while they start, others at work; a few work long enough to fill, send and rotate.
    const std::size_t enough = acknowledged.count() + random() % 60;
    if (random() % 5 != 0) {
      ASSERT_TRUE(box.listens()) << box.process().output_tail();
      ++started;
      if (!test::wait_for([&] { return acknowledged.count() >= enough; }, std::chrono::seconds(60))) {
        ASSERT_NE(box.number({"spool", "refused"}), 0) << "kill " << i << ": nothing is taken\n"
                                                       << box.process().output_tail();
        network.set(FaultProxy::Mode::kPass);  // full, and nothing could be sent
      }
    } else {
      (void)test::wait_for([] { return false; }, std::chrono::milliseconds(random() % 30));
    }
    box.process().kill9();
  }
  for (std::jthread* thread : {&http, &unix_socket, &file}) {
    thread->request_stop();
    thread->join();
  }
  network.set(FaultProxy::Mode::kPass);
  network.slow(0);
  network.cut_after(-1);
  box.start();
  for (const auto& [what, times] : network_was) std::cout << "network " << what << " " << times << " times\n";
  std::set<std::uint64_t> wanted = acknowledged.all();
  std::cout << started << " of " << kills << " killed at work, " << network.cuts() << " connections cut, "
            << wanted.size() << " acknowledged, " << written.count() << " lines written" << std::endl;
  EXPECT_GT(wanted.size(), kills);
  wanted.merge(written.all());
  const bool all =
      test::wait_for([&] { return not_stored_once(stack, wanted).empty(); }, std::chrono::seconds(120));
  const auto wrong = not_stored_once(stack, wanted);
  ASSERT_TRUE(all) << wrong.size() << " of " << wanted.size() << " are not stored once, first "
                   << *wrong.begin() << "\n"
                   << box.plumb("agent status").second << box.process().output_tail() << stack.logs();
  ASSERT_TRUE(test::wait_for([&] { return box.drained(); })) << box.plumb("agent status").second;
  EXPECT_EQ(box.number({"spool", "damaged_bytes"}), 0);
  EXPECT_EQ(box.number({"rejected"}), 0) << box.plumb("agent status").second;
  EXPECT_EQ(stack.value("SELECT count(*) - count(DISTINCT id) FROM plumbline.traces"), "0");
  EXPECT_EQ(stack.value("SELECT coalesce(sum(conflict), 0) FROM plumbline.ledger_balance"), "0");
  EXPECT_TRUE(test::wait_for([&] {
    return stack.value("SELECT bool_and(balanced) FROM plumbline.ledger_balance") == "t";
  })) << stack.plumbline("ledger");
  EXPECT_EQ(box.process().terminate(), 0);
}

}  // namespace
}  // namespace plumbline::tests
