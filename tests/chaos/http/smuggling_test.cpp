// What two readers could take for another number of requests: sent on one connection before a good request,
// which nobody must ever see. One 400, the end of the connection, and no row.
#include <gtest/gtest.h>

#include "tests/chaos/signed_client.h"
#include "tests/support/raw_http.h"

namespace plumbline::tests {
namespace {

struct Attempt {
  const char* name;
  std::string bytes;
};

std::vector<Attempt> attempts(const Tenant& tenant) {
  const std::string line = R"({"id":"0190a7f0-0000-4000-8000-000000000001"})";
  const auto with = [&](std::string_view lines, std::string_view rest, bool length = false) {
    return signed_request(tenant, length ? line : "", lines, "/api/v1/traces", length) + std::string(rest);
  };
  const std::string chunked = "Transfer-Encoding: chunked\r\n";
  return {
      {"CL.TE", with("Content-Length: 6\r\n" + chunked, "0\r\n\r\nG")},
      {"TE.CL", with(chunked + "Content-Length: 4\r\n", "5c\r\nGPOST / HTTP/1.1\r\n\r\n0\r\n\r\n")},
      {"CL.0 and TE", with("Content-Length: 0\r\n" + chunked, "0\r\n\r\n")},
      {"two lengths", with("Content-Length: 3\r\n", "", true)},
      {"the same length twice", with("Content-Length: " + std::to_string(line.size()) + "\r\n", "", true)},
      {"a list of lengths", with("Content-Length: 3, 3\r\n", "abc")},
      {"a signed length", with("Content-Length: +3\r\n", "abc")},
      {"a negative length", with("Content-Length: -1\r\n", "")},
      {"a length with a space", with("Content-Length: 1 0\r\n", "abc")},
      {"a hexadecimal length", with("Content-Length: 0x3\r\n", "abc")},
      {"a length that wraps", with("Content-Length: 18446744073709551619\r\n", "abc")},
      {"TE twice", with(chunked + chunked, "0\r\n\r\n")},
      {"TE of two", with("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n")},
      {"TE misspelt", with("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n")},
      {"TE behind a tab", with("Transfer-Encoding:\tchunked\r\nTransfer-Encoding: x\r\n", "0\r\n\r\n")},
      {"TE quoted", with("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n")},
      {"TE with a space before the colon", with("Transfer-Encoding : chunked\r\n", "0\r\n\r\n")},
      {"TE folded", with("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n")},
      {"obs-fold", with("X: a\r\n\tContent-Length: 3\r\n", "", true)},
      {"bare LF in the head", with("X: a\nContent-Length: 3\r\n", "", true)},
      {"bare CR in the head", with("X: a\rContent-Length: 3\r\n", "", true)},
      {"NUL in the head", with(std::string_view("X: a\0b\r\n", 8), "", true)},
      {"a head of bare LFs", "POST /api/v1/traces HTTP/1.1\nHost: a\nContent-Length: 0\n\n"},
      {"TE on HTTP/1.0", "POST /api/v1/traces HTTP/1.0\r\nHost: a\r\n" + chunked + "\r\n0\r\n\r\n"},
      {"two hosts", "POST /api/v1/traces HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: 0\r\n\r\n"},
      {"a version that is none", "POST /api/v1/traces HTTP/1.1x\r\nHost: a\r\nContent-Length: 0\r\n\r\n"},
      {"a chunk's size with 0x", with(chunked, "0x1\r\na\r\n0\r\n\r\n")},
      {"a chunk's size that wraps", with(chunked, "10000000000000001\r\na\r\n0\r\n\r\n")},
      {"a chunk's size with a sign", with(chunked, "+1\r\na\r\n0\r\n\r\n")},
      {"a chunk's size with a space", with(chunked, "1 \r\na\r\n0\r\n\r\n")},
      {"a chunk's size ended by LF", with(chunked, "1\na\r\n0\r\n\r\n")},
      {"a chunk longer than its size", with(chunked, "1\r\nabc\r\n0\r\n\r\n")},
      {"a chunk's end without CR", with(chunked, "1\r\na\n0\r\n\r\n")},
      {"a chunk without a size", with(chunked, "\r\na\r\n0\r\n\r\n")},
      {"LF in a chunk's extension", with(chunked, "1;a=\nb\r\na\r\n0\r\n\r\n")},
      {"an extension without end", with(chunked, "1;" + std::string(100000, 'x'))},
  };
}

TEST(Smuggling, EachAttemptGetsOne400AndNothingBehindItIsRead) {
  Stack stack(Backend::kEmbedded);
  stack.start_roles();
  const Tenant tenant = stack.create_tenant("acme");
  ASSERT_TRUE(test::wait_for([&] { return accepts(stack, tenant); })) << stack.logs();
  std::string behind;
  for (const Attempt& attempt : attempts(tenant)) {
    SCOPED_TRACE(attempt.name);
    test::RawHttp client(stack.edge_port());
    Uuid id;
    client.send(attempt.bytes + good_request(tenant, &id));
    behind += (behind.empty() ? "'" : ", '") + id.to_string() + "'";
    EXPECT_EQ(client.receive().status, 400);
    EXPECT_TRUE(client.closed()) << "more than one answer";
  }
  Uuid id;
  test::RawHttp client(stack.edge_port());
  client.send(good_request(tenant) + good_request(tenant, &id));
  EXPECT_EQ(client.receive().status, 202) << "the same request alone is good";
  EXPECT_EQ(client.receive().status, 202);
  // All that is in the log is stored: so is what must not be there.
  EXPECT_TRUE(test::wait_for([&] {
    return stack.value("SELECT count(*) FROM plumbline.traces WHERE id = '" + id.to_string() + "'") == "1" &&
           stack.value("SELECT bool_and(balanced) FROM plumbline.ledger_balance") == "t";
  })) << stack.logs();
  EXPECT_EQ(stack.value("SELECT count(*) FROM plumbline.traces WHERE id IN (" + behind + ")"), "0")
      << "a request behind an attempt was taken";
}

}  // namespace
}  // namespace plumbline::tests
