// `plumb auth login|status|logout`: docs/plumb.md.
#include <iostream>
#include <memory>
#include <thread>

#include <CLI/CLI.hpp>

#include "apps/plumb/browser.h"
#include "apps/plumb/command.h"
#include "apps/plumb/edge_answer.h"
#include "producers/auth/login.h"
#include "producers/push/profiles.h"
#include "producers/push/push.h"

namespace plumbline::client {
namespace {

// A new key is on its way to the edge for a moment.
constexpr int kEdgeAttempts = 30;
constexpr std::chrono::milliseconds kEdgePause{500};

struct AuthArguments {
  std::string profile, console, endpoint, tenant, ca_file;
  bool device = false, browser = true, local = false;
};

int failed(const Error& error) {
  std::cerr << "plumb: " << error.message << "\n";
  if (error.fault == Fault::kRetryable) return push::kExitUndelivered;
  return error.fault == Fault::kPoison ? push::kExitRejected : push::kExitUsage;
}

auth::Person person(const AuthArguments& args) {
  return {[](const std::string& text) { std::cerr << text << std::endl; },
          [browser = args.browser](const std::string& address) {
            if (browser) open_browser(address, environment);
          },
          [](auto time) { std::this_thread::sleep_for(time); }};
}

std::string profile_name(const AuthArguments& args) {
  push::CredentialFlags flags;
  flags.profile = args.profile;
  const std::string named = push::named_profile(flags, environment);
  return named.empty() ? std::string(push::kDefaultProfile) : named;
}

// What stands under that name; only its name where nothing does.
Result<push::Profile> profile_of(const std::string& name) {
  if (!push::is_profile_name(name))
    return fatal("profile", "a profile's name is 1 to 64 of A-Z a-z 0-9 . _ -");
  auto profiles = push::read_profiles(push::credentials_file(environment));
  if (!profiles) return profiles.error();
  for (push::Profile& each : *profiles) {
    if (each.name == name) return std::move(each);
  }
  push::Profile none;
  none.name = name;
  return none;
}

push::Credentials credentials_of(const push::Profile& profile) {
  return {profile.endpoint, profile.key_id, profile.secret, profile.ca_file, profile.name};
}

EdgeAnswer ask_until_known(const push::Credentials& credentials) {
  EdgeAnswer answer = ask_edge(credentials);
  for (int i = 1; i < kEdgeAttempts && answer.verdict == EdgeAnswer::kRefused; ++i) {
    std::this_thread::sleep_for(kEdgePause);
    answer = ask_edge(credentials);
  }
  return answer;
}

void warn_of_environment() {
  for (const char* name :
       {"PLUMBLINE_ENDPOINT", "PLUMBLINE_KEY_ID", "PLUMBLINE_SECRET", "PLUMBLINE_SECRET_FILE"}) {
    if (!environment(name).value_or("").empty())
      std::cout << "note: " << name << " is set; it comes before the profile unless --profile is given\n";
  }
}

int login(const AuthArguments& args) {
  auto before = profile_of(profile_name(args));
  if (!before) return failed(before.error());
  std::string named = args.console.empty() ? environment("PLUMBLINE_CONSOLE").value_or("") : args.console;
  if (named.empty()) named = before->console;
  if (named.empty())
    return usage(
        "name the console: plumb auth login --console https://plumbline.example (or PLUMBLINE_CONSOLE)");
  const auto address = auth::console_address(named);
  if (!address) return usage(address.error().message);
  // Absolute: what is kept must hold in every folder.
  if (!args.ca_file.empty()) before->ca_file = std::filesystem::absolute(args.ca_file).string();
  const std::filesystem::path file = push::credentials_file(environment);
  const auto transport = push::curl_transport(before->ca_file);
  auth::Console console(*transport, *address);
  const auto made = auth::login(console, {.device = args.device}, person(args),
                                {args.tenant, args.endpoint, *before, [&file](const push::Profile& profile) {
                                   return push::write_profile(file, profile);
                                 }});
  if (!made) return failed(made.error());
  const push::Profile& profile = made->profile;
  std::cout << "signed in as " << made->email << ", " << made->role << " of " << profile.tenant << "\n"
            << "key " << profile.key_id << " is kept in " << file.string() << ", profile " << profile.name
            << "\n";
  if (made->rotated) {
    std::cout << "the key before, " << before->key_id
              << ", goes on for 24 hours: start agents anew until then\n";
  } else if (!before->key_id.empty()) {
    std::cout << "the key before, " << before->key_id
              << ", is still valid: disable it in the console if it is not used\n";
  }
  warn_of_environment();
  const EdgeAnswer answer = ask_until_known(credentials_of(profile));
  std::cout << (answer.verdict == EdgeAnswer::kTaken ? "" : "note: ") << answer.words << "\n";
  if (answer.verdict != EdgeAnswer::kTaken) std::cout << "`plumb auth status` asks again\n";
  return push::kExitOk;
}

bool show(const push::Profile& profile, bool used) {
  std::cout << profile.name << (used ? "  (in use)" : "") << "\n";
  if (!profile.console.empty())
    std::cout << "  console   " << profile.console << ", tenant " << profile.tenant << "\n";
  std::cout << "  endpoint  " << profile.endpoint << "\n  key       " << profile.key_id << "\n";
  if (profile.endpoint.empty() || profile.key_id.empty() || profile.secret.empty()) {
    std::cout << "  FAIL      endpoint, key_id and secret must be set; `plumb auth login --profile "
              << profile.name << "` sets them\n";
    return false;
  }
  const EdgeAnswer answer = ask_edge(credentials_of(profile));
  const bool well = answer.verdict == EdgeAnswer::kTaken || answer.verdict == EdgeAnswer::kLater;
  std::cout << (well ? "  ok        " : "  FAIL      ") << answer.words << "\n";
  return well;
}

int status(const AuthArguments& args) {
  const std::filesystem::path file = push::credentials_file(environment);
  const auto profiles = push::read_profiles(file);
  if (!profiles) return failed(profiles.error());
  bool well = true, any = false;
  for (const push::Profile& each : *profiles) {
    if (!args.profile.empty() && each.name != args.profile) continue;
    any = true;
    well = show(each, each.name == profile_name(args)) && well;
  }
  warn_of_environment();
  if (!any)
    return usage("no " + (args.profile.empty() ? std::string("profile") : "profile " + args.profile) +
                 " in " + file.string() + "; `plumb auth login` makes one");
  return well ? push::kExitOk : push::kExitRejected;
}

// What the console has of it; false, and said, where the key stays valid.
bool revoked(const AuthArguments& args, const push::Profile& profile) {
  if (profile.key_id.empty()) return true;
  const std::string stays = "the key " + profile.key_id + " stays valid until somebody disables it";
  if (profile.console.empty() || profile.tenant.empty()) {
    std::cerr << "plumb: it was not made by `plumb auth login`: " << stays << " (plumbline key revoke)\n";
    return false;
  }
  const std::string there = " (" + profile.console + ", Settings, Keys)";
  if (args.local) {
    std::cerr << "plumb: " << stays << there << "\n";
    return true;
  }
  const auto transport = push::curl_transport(profile.ca_file);
  auth::Console console(*transport, profile.console);
  const auto done = auth::revoke(console, {.device = args.device}, person(args), profile);
  if (!done) {
    std::cerr << "plumb: " << done.error().message << "\nplumb: " << stays << there << "\n";
    return false;
  }
  std::cout << "key " << profile.key_id << (*done ? " is disabled" : " is not known there any more") << "\n";
  return true;
}

int logout(const AuthArguments& args) {
  const auto profile = profile_of(profile_name(args));
  if (!profile) return failed(profile.error());
  const std::filesystem::path file = push::credentials_file(environment);
  if (profile->key_id.empty() && profile->secret.empty())
    return usage("there is no profile " + profile->name + " in " + file.string());
  const bool well = revoked(args, *profile);
  const auto removed = push::remove_profile(file, profile->name);
  if (!removed) return failed(removed.error());
  std::cout << "profile " << profile->name << " is removed from " << file.string() << "\n";
  return well ? push::kExitOk : push::kExitRejected;
}

}  // namespace

Chosen add_auth(CLI::App& app) {
  auto args = std::make_shared<AuthArguments>();
  CLI::App* group =
      app.add_subcommand("auth", "Sign this machine in at the console, which gives it a signing key");
  group->require_subcommand(1);
  CLI::App* login_command =
      group->add_subcommand("login", "Sign in, and keep a new key in the credentials file");
  CLI::App* status_command =
      group->add_subcommand("status", "Profiles, and whether the edge takes their keys");
  CLI::App* logout_command = group->add_subcommand("logout", "Disable the key and forget the profile");
  for (CLI::App* command : {login_command, status_command, logout_command})
    command->add_option("--profile", args->profile,
                        "Of the credentials file; else PLUMBLINE_PROFILE, else default");
  for (CLI::App* command : {login_command, logout_command}) {
    command->add_flag("--device", args->device, "Show a code for a browser on another machine");
    command->add_flag("!--no-browser", args->browser, "Only print the address");
  }
  login_command->add_option(
      "--console", args->console,
      "The console, such as https://plumbline.example; else PLUMBLINE_CONSOLE, else the profile's");
  login_command->add_option("--tenant", args->tenant, "Slug or id, where you are a member of several");
  login_command->add_option("--endpoint", args->endpoint, "The edge, where the console does not say it");
  login_command->add_option("--ca-file", args->ca_file,
                            "Certificate authority (PEM) instead of the system's");
  logout_command->add_flag("--local", args->local, "Don't sign in to disable the key; only forget it here");
  return [=]() -> std::optional<int> {
    if (login_command->parsed()) return login(*args);
    if (status_command->parsed()) return status(*args);
    if (logout_command->parsed()) return logout(*args);
    return std::nullopt;
  };
}

}  // namespace plumbline::client
