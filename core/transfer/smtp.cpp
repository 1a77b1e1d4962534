#include "core/transfer/smtp.h"

#include <algorithm>
#include <cstring>

#include "core/transfer/curl.h"

namespace plumbline::transfer {
namespace {

struct Upload {
  std::string_view left;
  bool asked = false;     // the relay said "go on" to DATA
  bool finished = false;  // libcurl was told the end: the closing dot may be on its way
};

std::size_t give(char* into, std::size_t size, std::size_t count, void* context) {
  auto& upload = *static_cast<Upload*>(context);
  upload.asked = true;
  const std::size_t bytes = std::min(size * count, upload.left.size());
  std::memcpy(into, upload.left.data(), bytes);
  upload.left.remove_prefix(bytes);
  upload.finished = upload.finished || bytes == 0;
  return bytes;
}

long tls_level(SmtpTls tls) {
  switch (tls) {
    case SmtpTls::kRequired:
      return CURLUSESSL_ALL;
    case SmtpTls::kOpportunistic:
      return CURLUSESSL_TRY;
    case SmtpTls::kNone:
      break;
  }
  return CURLUSESSL_NONE;
}

// A 5xx before DATA is about the recipient only when it answers RCPT. To the greeting, to a password or to
// the sender it is the installation's to mend, and the mail waits. libcurl tells them apart in its message
// alone.
bool recipient_refused(const Upload& upload, int reply, std::string_view error) {
  return !upload.asked && reply >= 500 && reply < 600 && error.find("RCPT failed") != std::string_view::npos;
}

MailFate fate_of(CURLcode code, int reply, const Upload& upload, std::string_view error) {
  if (code == CURLE_OK) return MailFate::kAccepted;
  if (recipient_refused(upload, reply, error)) return MailFate::kPermanent;
  if (!upload.asked) return MailFate::kTransient;
  if (reply >= 500 && reply < 600) return MailFate::kPermanent;
  if (reply >= 400) return MailFate::kTransient;
  // The last reply was 354 ("go on") and everything went out: only the answer is missing.
  return upload.finished ? MailFate::kUnknown : MailFate::kTransient;
}

}  // namespace

struct SmtpClient::Impl {
  Relay relay;
  CurlHandle handle = new_handle();
};

SmtpClient::SmtpClient(Relay relay) : impl_(std::make_unique<Impl>()) {
  impl_->relay = std::move(relay);
}
SmtpClient::~SmtpClient() = default;
SmtpClient::SmtpClient(SmtpClient&&) noexcept = default;
SmtpClient& SmtpClient::operator=(SmtpClient&&) noexcept = default;

MailResult SmtpClient::send(const std::string& from, const std::string& to, std::string_view mail,
                            std::chrono::steady_clock::time_point deadline) {
  const Relay& relay = impl_->relay;
  CURL* h = impl_->handle.get();
  curl_easy_reset(h);
  set_common(h, deadline, relay.ca_file);
  Upload upload{mail};
  const CurlList recipients(curl_slist_append(nullptr, ("<" + to + ">").c_str()));
  const std::string sender = "<" + from + ">";
  char error[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  curl_easy_setopt(h, CURLOPT_URL, relay.url.c_str());
  curl_easy_setopt(h, CURLOPT_USE_SSL, tls_level(relay.tls));
  if (!relay.user.empty()) {
    curl_easy_setopt(h, CURLOPT_USERNAME, relay.user.c_str());
    curl_easy_setopt(h, CURLOPT_PASSWORD, std::string(relay.password.reveal()).c_str());
  }
  curl_easy_setopt(h, CURLOPT_MAIL_FROM, sender.c_str());
  curl_easy_setopt(h, CURLOPT_MAIL_RCPT, recipients.get());
  curl_easy_setopt(h, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(h, CURLOPT_READFUNCTION, give);
  curl_easy_setopt(h, CURLOPT_READDATA, &upload);
  curl_easy_setopt(h, CURLOPT_ERRORBUFFER, error);
  const CURLcode code = curl_easy_perform(h);
  MailResult result;
  long reply = 0;
  curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &reply);
  result.code = static_cast<int>(reply);
  result.fate = fate_of(code, result.code, upload, error);
  result.no_such_recipient = recipient_refused(upload, result.code, error);
  if (code != CURLE_OK) {
    result.error = "the relay: " + std::string(*error != '\0' ? error : curl_easy_strerror(code));
    if (result.code > 0) result.error += " (reply " + std::to_string(result.code) + ")";
  }
  curl_easy_reset(h);
  return result;
}

}  // namespace plumbline::transfer
