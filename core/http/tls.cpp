#include "core/http/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "core/telemetry/logging.h"

namespace plumbline::http {
namespace ssl = boost::asio::ssl;
namespace {

std::filesystem::file_time_type changed_at(const std::string& file) {
  std::error_code ec;
  const auto time = std::filesystem::last_write_time(file, ec);
  return ec ? std::filesystem::file_time_type{} : time;
}

Result<std::shared_ptr<ssl::context>> load(const std::string& cert_file, const std::string& key_file) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  SSL_CTX* native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(native,
                      SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(native, cert_file.c_str()) != 1) {
    return fatal("tls", "edge.tls_cert_file " + cert_file + " is not a readable PEM certificate chain");
  }
  if (SSL_CTX_use_PrivateKey_file(native, key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(native) != 1) {
    return fatal("tls", "edge.tls_key_file " + key_file +
                            " is not the readable PEM key of the certificate in " + cert_file);
  }
  return context;
}

}  // namespace

Status TlsPair::reload() {
  const auto cert_time = changed_at(cert_file_);
  const auto key_time = changed_at(key_file_);
  auto loaded = load(cert_file_, key_file_);
  const std::scoped_lock lock(mutex_);
  cert_time_ = cert_time;
  key_time_ = key_time;
  if (!loaded) return loaded.error();
  context_ = std::move(*loaded);
  return ok_status();
}

void TlsPair::reload_if_changed() {
  {
    const std::scoped_lock lock(mutex_);
    if (changed_at(cert_file_) == cert_time_ && changed_at(key_file_) == key_time_) return;
  }
  if (const Status status = reload(); !status) {
    telemetry::warn("tls_reload_refused", {{"reason", status.error().message}});
  } else {
    telemetry::info("tls_reloaded");
  }
}

std::shared_ptr<ssl::context> TlsPair::current() {
  const std::scoped_lock lock(mutex_);
  return context_;
}

}  // namespace plumbline::http
