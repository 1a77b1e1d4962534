// Which way to HMAC-SHA256 is cheapest per message? Run: core_crypto_bench --benchmark_repetitions=5
#define OPENSSL_SUPPRESS_DEPRECATED
#include <string>

#include <benchmark/benchmark.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "core/crypto/hmac.h"
#include "core/crypto/webhooks.h"

namespace plumbline::crypto {
namespace {

const std::string kKey(32, 'k');

EVP_MAC_CTX* evp_context() {
  static EVP_MAC* const mac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  EVP_MAC_CTX* context = EVP_MAC_CTX_new(mac);
  char digest[] = "SHA256";
  const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string("digest", digest, 0),
                               OSSL_PARAM_construct_end()};
  EVP_MAC_init(context, as_bytes(kKey).data(), kKey.size(), params);
  return context;
}

void BM_OwnMidstate(benchmark::State& state) {
  const HmacKey key{kKey};
  const std::string body(static_cast<std::size_t>(state.range(0)), 'b');
  for (auto _ : state)
    benchmark::DoNotOptimize(key.mac({"msg_2KWPBgLlAfxdpx2AI54pPJ85f4W", ".", "1614265330", ".", body}));
}

void evp_message(EVP_MAC_CTX* context, const std::string& body) {
  static const std::string prefix = "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W.1614265330.";
  unsigned char out[32];
  std::size_t size = 0;
  EVP_MAC_update(context, as_bytes(prefix).data(), prefix.size());
  EVP_MAC_update(context, as_bytes(body).data(), body.size());
  EVP_MAC_final(context, out, &size, sizeof out);
  benchmark::DoNotOptimize(out);
}

void BM_EvpReinit(benchmark::State& state) {
  EVP_MAC_CTX* context = evp_context();
  const std::string body(static_cast<std::size_t>(state.range(0)), 'b');
  for (auto _ : state) {
    EVP_MAC_init(context, nullptr, 0, nullptr);
    evp_message(context, body);
  }
  EVP_MAC_CTX_free(context);
}

void BM_EvpRekey(benchmark::State& state) {
  EVP_MAC_CTX* context = evp_context();
  const std::string body(static_cast<std::size_t>(state.range(0)), 'b');
  for (auto _ : state) {
    EVP_MAC_init(context, as_bytes(kKey).data(), kKey.size(), nullptr);
    evp_message(context, body);
  }
  EVP_MAC_CTX_free(context);
}

void BM_EvpDup(benchmark::State& state) {
  EVP_MAC_CTX* context = evp_context();
  const std::string body(static_cast<std::size_t>(state.range(0)), 'b');
  for (auto _ : state) {
    EVP_MAC_CTX* copy = EVP_MAC_CTX_dup(context);
    evp_message(copy, body);
    EVP_MAC_CTX_free(copy);
  }
  EVP_MAC_CTX_free(context);
}

void BM_VerifyWholeRequest(benchmark::State& state) {
  const HmacKey key{kKey};
  const std::string body(static_cast<std::size_t>(state.range(0)), 'b');
  const std::string signature = sign(key, "msg_1", 1614265330, body);
  const VerifyKey keys[] = {{.hmac = &key}};
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        verify({"msg_1", "1614265330", signature}, body, keys, TimeUs{1614265330000000}));
  }
}

BENCHMARK(BM_OwnMidstate)->Arg(1024)->Arg(60000);
BENCHMARK(BM_EvpReinit)->Arg(1024);
BENCHMARK(BM_EvpRekey)->Arg(1024);
BENCHMARK(BM_EvpDup)->Arg(1024);
BENCHMARK(BM_VerifyWholeRequest)->Arg(1024)->Arg(60000);

}  // namespace
}  // namespace plumbline::crypto
