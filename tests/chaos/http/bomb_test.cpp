// Bodies and heads that are small to send and would be large to hold: each is refused by name, and the edge's
// resident memory rises by 8 MiB at most, its peak included. The bound is not checked under a sanitizer,
// whose own memory it would measure.
#include <algorithm>
#include <charconv>
#include <fstream>
#include <iostream>

#include <gtest/gtest.h>

#include "core/compress/compress.h"
#include "tests/chaos/signed_client.h"
#include "tests/support/raw_http.h"

namespace plumbline::tests {
namespace {

constexpr long kBoundKib = 8 * 1024;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitizer = true;
#else
constexpr bool kSanitizer = false;
#endif

long status_kib(pid_t pid, const std::string& name) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(name + ":")) continue;
    const std::size_t digits = line.find_first_of("0123456789");
    long kib = 0;
    if (digits != line.npos) std::from_chars(line.data() + digits, line.data() + line.size(), kib);
    return kib;
  }
  return 0;
}

// From now on VmHWM is the peak since now (proc(5), clear_refs).
bool reset_peak(pid_t pid) {
  std::ofstream file("/proc/" + std::to_string(pid) + "/clear_refs");
  file << "5";
  file.close();
  return !file.fail();
}

class Bomb : public testing::Test {
 protected:
  Bomb() : stack_(Backend::kEmbedded) {
    stack_.start_roles();
    tenant_ = stack_.create_tenant("acme");
    EXPECT_TRUE(test::wait_for([this] { return accepts(stack_, tenant_); })) << stack_.logs();
    // What a worker keeps for good (buffers, arenas) is there before anything is measured.
    for (int i = 0; i < 50; ++i) EXPECT_EQ(send(good_request(tenant_)).status, 202);
  }

  test::RawResponse send(const std::string& bytes) {
    test::RawHttp client(stack_.edge_port());
    client.send(bytes);
    return client.receive();
  }
  static std::string packed(compress::Encoding encoding, const std::string& plain) {
    return compress::compress(encoding, plain).value();
  }
  static std::string line_with(const std::string& member) {
    return R"({"id":"0190a7f0-0000-4000-8000-000000000001","kind":"session","time":")" +
           format_rfc3339(SystemClock().now()) + R"(","agent":"a","data":{"event":"heartbeat",)" + member +
           "}}";
  }

  // Each of ten, one after another, costs no more than the bound; none is accepted.
  void check(const std::string& name, const std::string& body, const std::string& lines,
             bool signed_body = true) {
    SCOPED_TRACE(name);
    const pid_t pid = stack_.edge().pid();
    long most = 0;
    for (int i = 0; i < 10; ++i) {
      const long before = status_kib(pid, "VmRSS");
      const bool reset = reset_peak(pid);
      const test::RawResponse response = send(signed_body ? signed_request(tenant_, body, lines) : body);
      EXPECT_GE(response.status, 400) << response.body.substr(0, 300);
      EXPECT_LT(response.status, 500) << response.body.substr(0, 300);
      most = std::max(most, status_kib(pid, reset ? "VmHWM" : "VmRSS") - before);
    }
    std::cout << name << ": " << most << " KiB of resident memory" << std::endl;
    if (!kSanitizer) {
      EXPECT_LE(most, kBoundKib);
    }
    EXPECT_EQ(send(good_request(tenant_)).status, 202);
  }

  Stack stack_;
  Tenant tenant_;
};

TEST_F(Bomb, DecompressionCostsNoMoreThanItsBound) {
  // 1 GiB of zeros would be 1 MiB of gzip and 32 KiB of zstd: as much of it as a test can make in a moment.
  const std::string zeros(std::size_t{64} << 20, '0');
  check("gzip", packed(compress::Encoding::kGzip, zeros), "Content-Encoding: gzip\r\n");
  check("zstd", packed(compress::Encoding::kZstd, zeros), "Content-Encoding: zstd\r\n");
  const std::string once = packed(compress::Encoding::kGzip, zeros);
  check("gzip in gzip", packed(compress::Encoding::kGzip, once), "Content-Encoding: gzip\r\n");
  check("gzip by two names", once, "Content-Encoding: gzip, gzip\r\n");
}

TEST_F(Bomb, HeadsCostNoMoreThanTheirBound) {
  const std::string front = "POST /api/v1/traces HTTP/1.1\r\nHost: 127.0.0.1\r\n";
  std::string many = front;
  for (int i = 0; i < 200000; ++i) many += "x" + std::to_string(i) + ": y\r\n";
  check("200,000 fields", many, "", false);
  check("a field of 16 MiB", front + "x: " + std::string(std::size_t{16} << 20, 'y'), "", false);
  check("a path of 16 MiB", "POST /" + std::string(std::size_t{16} << 20, 'y'), "", false);
}

TEST_F(Bomb, JsonCostsNoMoreThanItsBound) {
  const std::size_t deep = 400000;
  check("depth", line_with("\"x\":" + std::string(deep, '[') + std::string(deep, ']')), "");
  check("depth that is never closed", line_with("\"x\":" + std::string(deep, '{')), "");
  check("a number of a million digits", line_with("\"x\":" + std::string(1000000, '9')), "");
  check("a number with a large exponent", line_with("\"x\":1e999999999"), "");
  std::string members;
  for (int i = 0; i < 60000; ++i) members += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\":0";
  check("60,000 members twice", line_with(members + "," + members), "");
  std::string empty_lines(std::size_t{4} << 20, '\n');
  check("four million empty lines", empty_lines, "");
  std::string bits = "[";
  for (int i = 0; i < 1000000; ++i) bits += "1,";
  check("a million values that are no events", bits + "1]", "");
}

}  // namespace
}  // namespace plumbline::tests
