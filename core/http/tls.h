// The server's certificate and key, swapped only as a pair that fits.
#pragma once
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>

#include <boost/asio/ssl/context.hpp>

#include "core/result.h"

namespace plumbline::http {

// Thread-safe.
class TlsPair {
 public:
  TlsPair(std::string cert_file, std::string key_file)
      : cert_file_(std::move(cert_file)), key_file_(std::move(key_file)) {}
  [[nodiscard]] bool configured() const { return !cert_file_.empty(); }
  // Loads and checks; the former pair stays when that fails. Fatal "tls".
  Status reload();
  // Reloads when either file's time of change moved since the last try.
  void reload_if_changed();
  [[nodiscard]] std::shared_ptr<boost::asio::ssl::context> current();

 private:
  const std::string cert_file_;
  const std::string key_file_;
  std::mutex mutex_;
  std::shared_ptr<boost::asio::ssl::context> context_;
  std::filesystem::file_time_type cert_time_{};
  std::filesystem::file_time_type key_time_{};
};

}  // namespace plumbline::http
