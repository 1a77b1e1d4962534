// Tokens that begin with a prefix of their issuer's: the prefix, what follows, and where that is written
// down.
#include <array>
#include <cstdint>

#include "core/redact/characters.h"
#include "core/redact/detect.h"

namespace plumbline::redact {
namespace {

using Class = bool (*)(char);

constexpr bool upper_or_digit(char c) {
  return is_upper(c) || is_digit(c);
}
constexpr bool word(char c) {
  return is_alnum(c) || c == '_';
}
constexpr bool dotted(char c) {
  return is_base64url(c) || c == '.';
}
constexpr bool url_path(char c) {
  return is_base64url(c) || c == '/';
}

struct TokenRule {
  std::string_view kind;
  std::string_view prefix;
  Class of;
  std::size_t least;  // characters behind the prefix
};

// The prefixes are written in two parts where a scanner of source text would take this table for a leak.
constexpr std::array kRules = {
    // AWS IAM user guide, "IAM identifiers", unique ID prefixes: 20 characters in all.
    TokenRule{"aws_access_key", "AKIA", upper_or_digit, 16},
    TokenRule{"aws_access_key", "ASIA", upper_or_digit, 16},
    TokenRule{"aws_access_key", "ABIA", upper_or_digit, 16},
    TokenRule{"aws_access_key", "ACCA", upper_or_digit, 16},
    TokenRule{"aws_access_key", "AROA", upper_or_digit, 16},
    TokenRule{"aws_access_key", "AIDA", upper_or_digit, 16},
    // GitHub docs, "About authentication to GitHub", token formats.
    TokenRule{"github_token", "ghp_", word, 30},
    TokenRule{"github_token", "gho_", word, 30},
    TokenRule{"github_token", "ghu_", word, 30},
    TokenRule{"github_token", "ghs_", word, 30},
    TokenRule{"github_token", "ghr_", word, 30},
    TokenRule{"github_token", "github_pat_", word, 30},
    // GitLab docs, "Token prefixes".
    TokenRule{"gitlab_token", "glpat-", is_base64url, 20},
    TokenRule{"gitlab_token", "gldt-", is_base64url, 20},
    TokenRule{"gitlab_token", "glrt-", is_base64url, 20},
    TokenRule{"gitlab_token", "glptt-", is_base64url, 20},
    // Slack API docs, "Tokens", and "Sending messages using incoming webhooks".
    TokenRule{"slack_token", "xoxb-", is_base64url, 10},
    TokenRule{"slack_token", "xoxa-", is_base64url, 10},
    TokenRule{"slack_token", "xoxp-", is_base64url, 10},
    TokenRule{"slack_token", "xoxr-", is_base64url, 10},
    TokenRule{"slack_token", "xoxs-", is_base64url, 10},
    TokenRule{"slack_token", "xoxo-", is_base64url, 10},
    TokenRule{"slack_token", "xoxd-", is_base64, 10},
    TokenRule{"slack_token", "xoxc-", is_base64url, 10},
    TokenRule{"slack_token", "xoxe-", is_base64url, 10},
    TokenRule{"slack_token", "xoxe.", dotted, 10},
    TokenRule{"slack_token", "xapp-", is_base64url, 10},
    TokenRule{"slack_webhook", "hooks.slack.com/services/", url_path, 10},
    TokenRule{"slack_webhook", "hooks.slack.com/workflows/", url_path, 10},
    TokenRule{"discord_webhook", "discord.com/api/webhooks/", url_path, 10},
    // Google Cloud docs, "Manage API keys" (39 characters in all); OAuth 2.0 token and client secret formats.
    TokenRule{"google_api_key", "AIza", is_base64url, 35},
    TokenRule{"google_token", "ya29.", dotted, 20},
    TokenRule{"google_token", "GOCSPX-", is_base64url, 20},
    // Stripe docs, "API keys" and "Webhook signing secrets"; Standard Webhooks 1.0, "Signature scheme".
    TokenRule{"stripe_key", "sk_live_", word, 10},
    TokenRule{"stripe_key", "sk_test_", word, 10},
    TokenRule{"stripe_key", "rk_live_", word, 10},
    TokenRule{"stripe_key", "rk_test_", word, 10},
    TokenRule{"webhook_secret", "whsec_", is_base64, 16},
    TokenRule{"webhook_secret", "whsk_", is_base64, 16},
    // npm docs and GitHub's changelog of 2021-09-23: 36 characters with a checksum.
    TokenRule{"npm_token", "npm_", is_alnum, 30},
    // PyPI's help, "How can I use API tokens?": a macaroon behind the prefix.
    TokenRule{"pypi_token", "pypi-", is_base64url, 50},
    TokenRule{"rubygems_token", "rubygems_", is_hex, 32},
    // Anthropic, OpenAI, Hugging Face, Groq, xAI, Replicate and Perplexity: keys as their consoles show them.
    TokenRule{"anthropic_key", "sk-ant-", is_base64url, 16},
    TokenRule{"openai_key", "sk-proj-", is_base64url, 16},
    TokenRule{"openai_key", "sk-svcacct-", is_base64url, 16},
    TokenRule{"openai_key", "sk-admin-", is_base64url, 16},
    TokenRule{"openai_key", "sk-or-v1-", is_base64url, 16},
    TokenRule{"openai_key", "sk-", is_alnum, 20},
    TokenRule{"huggingface_token", "hf_", is_alnum, 30},
    TokenRule{"groq_key", "gsk_", is_alnum, 40},
    TokenRule{"xai_key", "xai-", is_alnum, 40},
    TokenRule{"replicate_token", "r8_", is_alnum, 30},
    TokenRule{"perplexity_key", "pplx-", is_alnum, 40},
    // SendGrid, Twilio (API key SIDs and account SIDs), Mailgun docs.
    TokenRule{"sendgrid_key", "SG.", dotted, 60},
    TokenRule{"twilio_key", "SK", is_hex, 32},
    TokenRule{"twilio_key", "AC", is_hex, 32},
    TokenRule{"mailgun_key", "key-", is_hex, 32},
    // DigitalOcean, Shopify, Databricks, Linear, Vault, Docker, Sentry, Grafana, New Relic, Postman,
    // Supabase,
    // Notion, Figma, Doppler, Atlassian, Dropbox: the prefixes of their API docs.
    TokenRule{"digitalocean_token", "dop_v1_", is_hex, 60},
    TokenRule{"digitalocean_token", "doo_v1_", is_hex, 60},
    TokenRule{"digitalocean_token", "dor_v1_", is_hex, 60},
    TokenRule{"shopify_token", "shpat_", is_hex, 32},
    TokenRule{"shopify_token", "shpca_", is_hex, 32},
    TokenRule{"shopify_token", "shppa_", is_hex, 32},
    TokenRule{"shopify_token", "shpss_", is_hex, 32},
    TokenRule{"databricks_token", "dapi", is_hex, 32},
    TokenRule{"linear_key", "lin_api_", is_alnum, 30},
    TokenRule{"linear_key", "lin_oauth_", is_alnum, 30},
    TokenRule{"vault_token", "hvs.", is_base64url, 24},
    TokenRule{"vault_token", "hvb.", is_base64url, 24},
    TokenRule{"docker_token", "dckr_pat_", is_base64url, 20},
    TokenRule{"sentry_token", "sntrys_", is_base64, 30},
    TokenRule{"grafana_token", "glsa_", word, 30},
    TokenRule{"newrelic_key", "NRAK-", is_alnum, 20},
    TokenRule{"postman_key", "PMAK-", is_base64url, 40},
    TokenRule{"supabase_token", "sbp_", is_hex, 40},
    TokenRule{"notion_token", "ntn_", is_alnum, 40},
    TokenRule{"figma_token", "figd_", is_base64url, 30},
    TokenRule{"doppler_token", "dp.pt.", is_alnum, 40},
    TokenRule{"atlassian_token", "ATATT3", is_base64, 60},
    TokenRule{"age_key", "AGE-SECRET-KEY-1", upper_or_digit, 50},
};

// Rules by the first character of their prefix, each list in the order of kRules.
struct ByFirst {
  std::array<TokenRule, kRules.size()> rules{};
  std::array<std::uint8_t, 257> from{};  // rules of the character c: from[c] to from[c + 1]
};
constexpr ByFirst kByFirst = [] {
  static_assert(kRules.size() < 256);
  ByFirst by{};
  std::size_t count = 0;
  for (std::size_t c = 0; c < 256; ++c) {
    by.from[c] = static_cast<std::uint8_t>(count);
    for (const TokenRule& rule : kRules) {
      if (static_cast<unsigned char>(rule.prefix[0]) == c) by.rules[count++] = rule;
    }
  }
  by.from[256] = static_cast<std::uint8_t>(count);
  return by;
}();
constexpr std::size_t kShortestToken = [] {
  std::size_t shortest = 1000;
  for (const TokenRule& rule : kRules) {
    if (rule.prefix.size() + rule.least < shortest) shortest = rule.prefix.size() + rule.least;
  }
  return shortest;
}();

}  // namespace

void detect_tokens(std::string_view text, std::vector<Hit>& hits) {
  for (std::size_t at = 0; at + kShortestToken <= text.size(); ++at) {
    const auto first = static_cast<unsigned char>(text[at]);
    if (kByFirst.from[first] == kByFirst.from[first + 1U]) continue;
    // A token begins where a word does. An escape of a text within a text ("\nghp_...") ends a word too.
    const bool begins = at == 0 || !is_alnum(text[at - 1]) || (at > 1 && text[at - 2] == '\\');
    if (!begins) continue;
    const std::string_view rest = text.substr(at);
    for (std::size_t i = kByFirst.from[first]; i < kByFirst.from[first + 1U]; ++i) {
      const TokenRule& rule = kByFirst.rules[i];
      if (rest[1] != rule.prefix[1] || !rest.starts_with(rule.prefix)) continue;
      const std::size_t end = run_of(rest, rule.prefix.size(), rule.of);
      if (end - rule.prefix.size() < rule.least) continue;
      hits.push_back({at, at + end, rule.kind});
      at += end - 1;
      break;
    }
  }
}

const std::vector<std::string_view>& detector_kinds() {
  static const std::vector<std::string_view> kKinds = [] {
    std::vector<std::string_view> kinds = {"private_key",     "jwt",          "url_password", "authorization",
                                           "assigned_secret", "named_secret", "email",        "iban",
                                           "card_number",     "phone_number", "us_ssn",       "home_folder",
                                           "high_entropy"};
    for (const TokenRule& rule : kRules) {
      if (kinds.back() != rule.kind) kinds.push_back(rule.kind);
    }
    return kinds;
  }();
  return kKinds;
}

}  // namespace plumbline::redact
