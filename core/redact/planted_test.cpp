// Hundreds of secrets and personal data of every kind, made here (so that the repository holds none), planted
// in every kind of place: none of them leaves. And what looks a little like them stays.
#include <functional>
#include <iostream>
#include <random>

#include <gtest/gtest.h>

#include "core/codec/json_writer.h"
#include "core/redact/detect.h"
#include "core/redact/redactor.h"

namespace plumbline::redact {
namespace {

constexpr const char* kAlnum = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
constexpr const char* kUpper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr const char* kHex = "0123456789abcdef";
constexpr const char* kDigits = "0123456789";

class Maker {
 public:
  explicit Maker(unsigned seed) : random_(seed) {}
  std::string some(const std::string& of, std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) out += of[random_() % of.size()];
    return out;
  }
  // Two digits at least: one in three hundred has none by chance. And told from a path where it stands in
  // one: one in some thousands repeats too many characters.
  std::string random_text() {
    std::string out;
    do {
      out = some(kAlnum, 41) + "7x3";
    } while (entropy_bits("src/" + out) < 4.5);
    return out;
  }
  std::size_t below(std::size_t bound) { return random_() % bound; }

  std::string card() {
    const std::vector<std::string> fronts = {"4", "51", "2221", "37", "6011", "3530"};
    const std::string front = fronts[below(fronts.size())];
    std::string digits = front + some(kDigits, (front == "37" ? 14 : 15) - front.size());
    int sum = 0;
    for (std::size_t i = 0; i < digits.size(); ++i) {
      int value = digits[digits.size() - 1 - i] - '0';
      if (i % 2 == 0) value = value > 4 ? value * 2 - 9 : value * 2;
      sum += value;
    }
    return digits + std::to_string((10 - sum % 10) % 10);
  }
  std::string iban() {
    const std::string account = some(kDigits, 18);
    int remainder = 0;
    for (const char c : account + "131400") remainder = (remainder * 10 + (c - '0')) % 97;
    const int check = 98 - remainder;
    return std::string("DE") + (check < 10 ? "0" : "") + std::to_string(check) + account;
  }

 private:
  std::mt19937 random_;
};

// A secret, and the part of it that must not be seen.
struct Planted {
  std::string kind, text, core;
};

Planted whole(const std::string& kind, const std::string& text) {
  return {kind, text, text};
}

std::vector<Planted> one_of_each(Maker& make) {
  const std::string word = make.some(kAlnum, 12), key = make.some(kAlnum, 40);
  const std::string begin = "-----BEGIN ", end = "-----END ",
                    label =
                        "RSA PRIVATE"
                        " KEY-----";
  const std::string block = make.some(kAlnum, 64) + "\n" + make.some(kAlnum, 64);
  std::string spaced = make.iban();
  for (std::size_t at = 4; at < spaced.size(); at += 5) spaced.insert(at, " ");
  std::string dashed = make.card();
  if (dashed.size() == 16)
    dashed =
        dashed.substr(0, 4) + "-" + dashed.substr(4, 4) + "-" + dashed.substr(8, 4) + "-" + dashed.substr(12);
  std::vector<Planted> all = {
      whole("aws", "AKIA" + make.some(kUpper, 16)),
      whole("aws", "ASIA" + make.some(kUpper, 16)),
      {"aws", "aws_secret_access_key = " + key, key},
      whole("github", "ghp_" + make.some(kAlnum, 36)),
      whole("github", "github_pat_" + make.some(kAlnum, 22) + "_" + make.some(kAlnum, 59)),
      whole("gitlab", "glpat-" + make.some(kAlnum, 20)),
      whole("slack", "xoxb-" + make.some(kDigits, 12) + "-" + make.some(kAlnum, 24)),
      whole("slack", "https://hooks.slack.com/services/T" + make.some(kUpper, 8) + "/B" +
                         make.some(kUpper, 8) + "/" + make.some(kAlnum, 24)),
      whole("google", "AIza" + make.some(kAlnum, 35)),
      whole("stripe", "sk_live_" + make.some(kAlnum, 24)),
      whole("webhook", "whsec_" + make.some(kAlnum, 43) + "="),
      whole("npm", "npm_" + make.some(kAlnum, 36)),
      whole("pypi", "pypi-" + make.some(kAlnum, 120)),
      whole("anthropic", "sk-ant-api03-" + make.some(kAlnum, 93) + "AA"),
      whole("openai", "sk-proj-" + make.some(kAlnum, 60)),
      whole("openai", "sk-" + make.some(kAlnum, 48)),
      whole("huggingface", "hf_" + make.some(kAlnum, 34)),
      whole("sendgrid", "SG." + make.some(kAlnum, 22) + "." + make.some(kAlnum, 43)),
      whole("twilio", "SK" + make.some(kHex, 32)),
      whole("digitalocean", "dop_v1_" + make.some(kHex, 64)),
      whole("databricks", "dapi" + make.some(kHex, 32)),
      whole("linear", "lin_api_" + make.some(kAlnum, 40)),
      whole("jwt",
            "eyJ" + make.some(kAlnum, 30) + ".eyJ" + make.some(kAlnum, 60) + "." + make.some(kAlnum, 43)),
      {"pem", begin + label + "\n" + block + "\n" + end + label, block},
      {"pem", begin + "OPENSSH PRIVATE" + " KEY-----\n" + block, block},
      {"url", "https://deploy:" + word + "@git.corp.net/x.git", word},
      {"url", "postgres://app:" + word + "@10.0.0.5:5432/db", word},
      {"bearer", "Authorization: Bearer " + make.some(kAlnum, 32), ""},
      {"assigned", "password=" + word, word},
      {"assigned", "\"api_key\": \"" + make.some(kHex, 32) + "\"", ""},
      {"assigned", "export DB_PASSWORD='" + word + "'", word},
      {"flag", "login --password " + word, word},
      whole("email", make.some("abcdefgh", 6) + "." + make.some("klmnop", 5) + "@corp-" +
                         make.some("abcd", 3) + ".co.uk"),
      whole("card", make.card()),
      whole("card", dashed),
      whole("iban", make.iban()),
      whole("iban", spaced),
      whole("phone", "+4930" + make.some("123456789", 8)),
      whole("phone", "+1 (415) 555-01" + make.some(kDigits, 2)),
      whole("phone", "(415) 555-01" + make.some(kDigits, 2)),
      whole("ssn", "123-45-67" + make.some("123456789", 2)),
      {"home", std::string("/ho") + "me/" + word + "/src/a.ts", word},
      whole("random", make.random_text()),
  };
  for (Planted& planted : all) {
    if (planted.core.empty())
      planted.core = planted.text.substr(planted.text.find_last_of(" \"", planted.text.size() - 2) + 1);
    if (planted.core.ends_with('"')) planted.core.pop_back();
  }
  return all;
}

std::string quoted(const std::string& text) {
  std::string out;
  codec::append_json_string(out, text);
  return out;
}

std::string event(const std::string& kind, const std::string& data, const std::string& more = "") {
  return R"({"id":"5d9dc9f8-1818-4811-892f-902bd23f0824","kind":")" + kind +
         R"(","time":"2026-11-02T09:00:00Z","agent":"a")" + more + R"(,"data":)" + data + "}";
}

std::vector<std::string> places(const std::string& secret) {
  const std::string s = quoted(secret), in_text = quoted("use " + secret + " now, please"),
                    in_lines = quoted("a\n" + secret + "\nb"),
                    nested = quoted("{\"x\": " + quoted("v " + secret + " w") + "}");
  const std::string span = R"({"name":"n","attributes":{"k":)";
  return {event("span", span + s + "}}"),
          event("span", span + in_text + "}}"),
          event("span", span + in_lines + "}}"),
          event("span", span + nested + "}}"),
          event("span", span + R"([{"a":[)" + in_text + "]}]}}"),
          event("span", R"({"name":)" + in_text + "}"),
          event("span", R"({"name":"n","attributes":{)" + s + ":1}}"),
          event("decision", R"({"action_type":"deny","matched_rule_id":)" + in_text + "}"),
          event("decision",
                R"({"action_type":"deny","action_value":)" + in_text + R"(,"explanation":)" + s + "}"),
          event("report", R"({"status":"FAIL","failures":[{"id":"i","title":)" + in_text + R"(,"files":[)" +
                              quoted("src/" + secret) + "]}]}"),
          event("session", R"({"event":"end"})", R"(,"repo":)" + in_text)};
}

class Corpus : public testing::TestWithParam<bool> {};

TEST_P(Corpus, NothingPlantedLeaves) {
  const unsigned seed = std::random_device{}();
  std::cout << "seed " << seed << "\n";
  Maker make(seed);
  Policy policy;
  policy.include_content = GetParam();
  Redactor redactor(policy);
  int planted = 0, leaked = 0;
  for (int round = 0; round < 12; ++round) {
    for (const Planted& one : one_of_each(make)) {
      ++planted;
      const std::string core = quoted(one.core).substr(1, quoted(one.core).size() - 2);
      for (const std::string& line : places(one.text)) {
        const std::string out = redactor.apply(line);
        const bool leaks = out.find(core) != out.npos;
        leaked += leaks ? 1 : 0;
        if (leaks && leaked < 20) ADD_FAILURE() << one.kind << " leaves:\n" << out;
      }
    }
  }
  EXPECT_GE(planted, 500);
  EXPECT_EQ(leaked, 0) << "of " << planted;
}

INSTANTIATE_TEST_SUITE_P(All, Corpus, testing::Bool(),
                         [](const auto& which) { return which.param ? "ContentOptedIn" : "Defaults"; });

TEST(Detect, WhatEventsAreMadeOfStays) {
  std::vector<Hit> hits;
  for (const char* text : {"5d9dc9f8-1818-4811-892f-902bd23f0824",
                           "2026-11-02T09:00:00.123456+00:00",
                           "da39a3ee5e6b4b0d3255bfef95601890afd80709",
                           "357ac8f8aea9ace5bae4bb505e783ca1046fa0f8afbad6412846a8a005fbf5e0",
                           "git@git.corp.net:owner/name.git",
                           "src/internal/observable/dom/WebSocketSubject2Factory.ts",
                           "Function 'parseMarblesAsSubscriptions' has cyclomatic complexity of 22",
                           "claude-opus-4-20250514",
                           "gpt-4o-2024-08-06",
                           "1730534400000000000",
                           "1730534400000",
                           "@scope/package@1.2.3",
                           "refs/heads/feature/PROJ-1234-add-OAuth2-login",
                           "max_tokens: 4096",
                           "token count: 12",
                           "risk-assessment-of-2026",
                           "https://github.com/ReactiveX/rxjs/blob/7.8.1/src/internal/Observable.ts#L30",
                           "basic authentication",
                           "v1.2.3-rc.4+build.5",
                           "opentelemetry.instrumentation.openai_v2",
                           "127.0.0.1:4318",
                           "node_modules/@types/node/v18/index.d.ts"}) {
    detect(text, false, hits);
    EXPECT_TRUE(hits.empty()) << text << " is taken for " << hits.front().kind;
  }
}

}  // namespace
}  // namespace plumbline::redact
