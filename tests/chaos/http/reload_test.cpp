// Under load, certificate and key of TLS change 100 times and the signing key is rotated 100 times: no
// request fails, on connections that stay and on new ones.
#include <atomic>
#include <csignal>
#include <fstream>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "producers/push/signed_request.h"
#include "producers/push/transport.h"
#include "tests/chaos/signed_client.h"

namespace plumbline::tests {
namespace {

namespace fs = std::filesystem;
constexpr int kTimes = 100;

// Self-signed pairs of loopback; the client trusts all of them.
class Pairs {
 public:
  explicit Pairs(fs::path folder) : folder_(std::move(folder)) {
    fs::create_directories(folder_);
    std::ofstream trusted(folder_ / "trusted.pem");
    for (int i = 0; i < kPairs; ++i) {
      test::Process openssl(
          {{"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-days", "2", "-subj", "/CN=edge " + std::to_string(i), "-addext", "subjectAltName=IP:127.0.0.1",
            "-keyout", of(i, "key").string(), "-out", of(i, "cert").string()},
           {},
           folder_ / "openssl.log"});
      openssl.start();
      if (!test::wait_for([&] { return !openssl.running(); }) || !fs::exists(of(i, "cert")))
        throw std::runtime_error("openssl: " + openssl.output_tail());
      trusted << std::ifstream(of(i, "cert")).rdbuf();
    }
    use(0);
  }
  // As certbot and cert-manager do: files are replaced, one after the other. Between the two, the pair does
  // not fit, and the edge keeps the old one.
  void use(int i) const {
    for (const char* what : {"cert", "key"}) {
      fs::copy_file(of(i % kPairs, what), folder_ / "next", fs::copy_options::overwrite_existing);
      fs::rename(folder_ / "next", live(what));
    }
  }
  [[nodiscard]] fs::path live(const char* what) const { return folder_ / (std::string(what) + ".pem"); }
  [[nodiscard]] fs::path trusted() const { return folder_ / "trusted.pem"; }

 private:
  static constexpr int kPairs = 4;
  [[nodiscard]] fs::path of(int i, const char* what) const {
    return folder_ / (std::string(what) + std::to_string(i) + ".pem");
  }
  const fs::path folder_;
};

int post(push::Transport& transport, int port, const load::Signer& signer, std::string* error) {
  push::Credentials credentials;
  credentials.endpoint = "https://127.0.0.1:" + std::to_string(port);
  credentials.key_id = signer.key_id;
  credentials.secret = signer.secret;
  const auto key = push::signing_key(signer.secret);
  load::TraceMaker maker({}, std::random_device{}());
  std::string body;
  std::vector<Uuid> ids;
  const TimeUs now = SystemClock().now();
  maker.make(now, body, ids);
  const std::string packed = compress::compress(compress::Encoding::kZstd, body).value();
  const push::Response response = transport.post(push::signed_request(
      credentials, *key, false, compress::Encoding::kZstd, push::random_message_id(), packed, now));
  *error = response.error + response.body;
  return response.status;
}

TEST(Reload, ACertificateAHundredTimesUnderLoadFailsNoRequest) {
  const test::TempFolder folder("pairs");
  const Pairs pairs(folder.path());
  Stack stack(Backend::kEmbedded, {{"PLUMBLINE_EDGE_TLS_CERT_FILE", pairs.live("cert").string()},
                                   {"PLUMBLINE_EDGE_TLS_KEY_FILE", pairs.live("key").string()}});
  stack.edge().start();
  stack.add_persist();  // which publishes keys, too
  const Tenant tenant = stack.create_tenant("acme");
  std::string error;
  ASSERT_TRUE(test::wait_for([&] {
    const auto transport = push::curl_transport(pairs.trusted().string());
    return post(*transport, stack.edge_port(), tenant.signer, &error) == 202;
  })) << error
      << stack.logs();

  std::atomic<int> good{0}, on_new{0};
  std::mutex mutex;
  std::vector<std::string> failures;
  const auto client = [&](bool keep, const std::stop_token& stop) {
    auto transport = push::curl_transport(pairs.trusted().string());
    while (!stop.stop_requested()) {
      if (!keep) transport = push::curl_transport(pairs.trusted().string());
      std::string why;
      const int status = post(*transport, stack.edge_port(), tenant.signer, &why);
      if (status == 202) {
        ++good;
        on_new += keep ? 0 : 1;
      } else {
        const std::lock_guard lock(mutex);
        failures.push_back(std::to_string(status) + " " + why);
      }
    }
  };
  {
    std::jthread kept([&](const std::stop_token& stop) { client(true, stop); });
    std::jthread fresh([&](const std::stop_token& stop) { client(false, stop); });
    for (int i = 1; i <= kTimes; ++i) {
      pairs.use(i);
      stack.edge().signal(SIGHUP);
      const int before = on_new;
      ASSERT_TRUE(test::wait_for([&] { return on_new > before; })) << "no new connection after change " << i;
    }
  }
  EXPECT_TRUE(failures.empty()) << failures.size() << " requests failed, first: " << failures.front();
  std::cout << good << " requests, " << on_new << " of them on new connections" << std::endl;
  EXPECT_EQ(stack.edge().terminate(), 0);
}

TEST(Reload, ASigningKeyRotatedAHundredTimesUnderLoadFailsNoRequest) {
  Stack stack(Backend::kEmbedded);
  stack.start_roles();
  Tenant tenant = stack.create_tenant("acme");
  ASSERT_TRUE(test::wait_for([&] { return accepts(stack, tenant); })) << stack.logs();
  std::atomic<int> good{0}, bad{0};
  const auto load_with = [&](const load::Signer& signer, const std::stop_token& stop) {
    load::LoadOptions options;
    options.port = static_cast<std::uint16_t>(stack.edge_port());
    options.signers = {signer};
    options.connections = 2;
    options.requests_s = 50;
    options.warmup = std::chrono::milliseconds(0);
    options.duration = std::chrono::hours(1);
    (void)load::run_load(options, stop, [&](int status, auto, auto, auto) {
      ++(status == 202 ? good : bad);
    }).ok();
  };
  // The first key signs throughout: each rotation overlaps. The newest joins as its operator's client would.
  std::jthread first([&, signer = tenant.signer](const std::stop_token& stop) { load_with(signer, stop); });
  Tenant newest = tenant;
  for (int i = 1; i <= kTimes; ++i) {
    newest.signer = signer_of(stack.plumbline("key rotate " + newest.signer.key_id + " --overlap-hours 24"));
    if (i % 10 == 0) {
      ASSERT_TRUE(test::wait_for([&] { return accepts(stack, newest); })) << "rotation " << i << "\n"
                                                                          << stack.logs();
    }
  }
  std::jthread last([&](const std::stop_token& stop) { load_with(newest.signer, stop); });
  const int before = good;
  ASSERT_TRUE(test::wait_for([&] { return good > before + 200; })) << stack.logs();
  first.request_stop();
  last.request_stop();
  first.join();
  last.join();
  EXPECT_EQ(bad, 0) << "of " << good + bad << "\n" << stack.logs();
}

}  // namespace
}  // namespace plumbline::tests
