// Answers questions line by line, so that a test in Python can ask thousands without starting a process for
// each. Fields are separated by tabs; texts are base64. Questions and answers:
//   sign <secret text> <id> <timestamp> <body>                      the signature, or the error's code
//   verify <secret text> <id> <timestamp> <signature> <body> <now>  ok, or the error's code
//   chain <file>                                                    entries, then one finding:line for each
//   problem
#include <iostream>
#include <string>
#include <vector>

#include "core/chain/verify_file.h"
#include "core/crypto/base64.h"
#include "core/crypto/webhooks.h"

namespace {

using namespace plumbline;

std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields;
  for (std::size_t at = 0; at <= line.size();) {
    const std::size_t end = std::min(line.find('\t', at), line.size());
    fields.push_back(line.substr(at, end - at));
    at = end + 1;
  }
  return fields;
}

std::string text(const std::string& field) {
  return crypto::base64_decode(field).value_or("");
}

std::string sign(const std::vector<std::string>& fields) {
  auto secret = crypto::parse_signing_secret(text(fields.at(1)));
  if (!secret) return secret.error().code;
  return crypto::sign(crypto::HmacKey(secret->reveal()), text(fields.at(2)), std::stoll(fields.at(3)),
                      text(fields.at(4)));
}

std::string verify(const std::vector<std::string>& fields) {
  auto secret = crypto::parse_signing_secret(text(fields.at(1)));
  if (!secret) return secret.error().code;
  const crypto::HmacKey key(secret->reveal());
  const crypto::VerifyKey keys[] = {{.hmac = &key}};
  const std::string id = text(fields.at(2)), timestamp = text(fields.at(3)), signature = text(fields.at(4)),
                    body = text(fields.at(5));
  const auto verified =
      crypto::verify({id, timestamp, signature}, body, keys, TimeUs{std::stoll(fields.at(6)) * 1000000});
  return verified ? "ok" : verified.error().code;
}

std::string chain_of(const std::vector<std::string>& fields) {
  const std::string file = text(fields.at(1));
  const chain::FileReport report = chain::verify_text(file);
  std::string answer = std::to_string(report.entries);
  for (const chain::Problem& problem : report.problems) {
    answer.append("\t")
        .append(chain::to_word(problem.finding))
        .append(":")
        .append(std::to_string(problem.line));
  }
  return answer;
}

}  // namespace

int main() {
  std::ios::sync_with_stdio(false);
  for (std::string line; std::getline(std::cin, line);) {
    const auto fields = fields_of(line);
    const std::string& question = fields.front();
    std::cout << (question == "sign"     ? sign(fields)
                  : question == "verify" ? verify(fields)
                                         : chain_of(fields))
              << std::endl;
  }
}
