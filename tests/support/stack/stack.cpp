#include "tests/support/stack/stack.h"

#include <cctype>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

namespace plumbline::tests {
namespace {

// PLUMBLINE_BIN: binaries of another folder, so that a long run does not notice that somebody builds.
std::string binary(const std::string& name) {
  const char* elsewhere = std::getenv("PLUMBLINE_BIN");
  return (elsewhere != nullptr ? elsewhere : std::string(PLUMBLINE_BINARY_DIR) + "/bin") + "/" + name;
}

// `conninfo` with another port.
std::string at_port(std::string conninfo, int port) {
  const std::size_t from = conninfo.find("port=") + 5;
  return conninfo.replace(from, conninfo.find(' ', from) - from, std::to_string(port));
}

std::pair<int, std::string> run(const std::string& command) {
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("popen " + command);
  std::string output;
  char buffer[4096];
  for (std::size_t n = fread(buffer, 1, sizeof buffer, pipe); n > 0;
       n = fread(buffer, 1, sizeof buffer, pipe))
    output.append(buffer, n);
  const int status = pclose(pipe);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, output};
}

// The first word of `text` that starts with `prefix`.
std::string word_with(const std::string& text, const std::string& prefix) {
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (word.rfind(prefix, 0) == 0) return word;
  }
  throw std::runtime_error("no word starting with " + prefix + " in: " + text);
}

}  // namespace

int http_get(int port, const std::string& path, std::string* body) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  timeval patience{5, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons(static_cast<std::uint16_t>(port));
  std::string answer;
  if (connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0) {
    const std::string request = "GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
    if (send(fd, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size())) {
      char buffer[8192];
      for (ssize_t n = recv(fd, buffer, sizeof buffer, 0); n > 0; n = recv(fd, buffer, sizeof buffer, 0)) {
        answer.append(buffer, static_cast<std::size_t>(n));
      }
    }
  }
  close(fd);
  int status = 0;
  if (answer.size() > 12) std::from_chars(answer.data() + 9, answer.data() + 12, status);
  if (body != nullptr) {
    const auto head = answer.find("\r\n\r\n");
    *body = head == std::string::npos ? "" : answer.substr(head + 4);
  }
  return status;
}

Stack::Stack(Backend backend, const std::map<std::string, std::string>& options, Wires wires)
    : backend_(backend),
      folder_("stack"),
      database_(std::make_unique<TestDatabase>(postgres_)),
      edge_port_(test::free_port()) {
  std::string conninfo = database_->conninfo(), brokers;
  if (wires == Wires::kThroughProxies) {
    postgres_wire_ = std::make_unique<test::FaultProxy>(postgres_.port());
    conninfo = at_port(conninfo, postgres_wire_->port());
    if (backend_ == Backend::kKafka) broker_wire_ = std::make_unique<test::FaultProxy>(0);
  }
  if (backend_ == Backend::kKafka) {
    broker_ = std::make_unique<KafkaBroker>(std::map<std::string, std::string>{},
                                            broker_wire_ ? broker_wire_->port() : 0);
    brokers = broker_->bootstrap();
    if (broker_wire_) {
      broker_wire_->send_to(broker_->far_listens_on());
      brokers = "127.0.0.1:" + std::to_string(broker_wire_->port());
    }
  }
  std::ofstream key(folder_.path() / "master.key");
  key << "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n";
  key.close();
  std::filesystem::permissions(folder_.path() / "master.key",
                               std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  std::ofstream config(config_path());
  config << "log = \"" << tests::to_string(backend_) << "\"\n";
  config << "[embedded]\ndir = \"" << (folder_.path() / "log").string() << "\"\nsegment_bytes = \"32MiB\"\n";
  if (broker_) config << "[kafka]\nbrokers = \"" << brokers << "\"\nsession_timeout = \"6s\"\n";
  config << "[edge]\nlisten = \"127.0.0.1:" << edge_port_ << "\"\n";
  config << "[postgres]\nurl = \"" << conninfo << "\"\n";
  config << "[keys]\nmaster_key_file = \"" << (folder_.path() / "master.key").string() << "\"\n";
  config.close();
  std::map<std::string, std::string> environment;
  for (const auto& [name, value] : options) environment[name] = value;
  edge_ = std::make_unique<test::Process>(test::ProcessOptions{
      {binary("plumbline"), "edge", "--config", config_path()}, environment, folder_.path() / "edge.log"});
}

Stack::~Stack() = default;

test::Process& Stack::add_persist() {
  return add_role("persist");
}

test::Process& Stack::add_role(const std::string& name, const std::map<std::string, std::string>& options) {
  std::string section = name;
  for (char& c : section) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  auto& processes = roles_[name];
  std::map<std::string, std::string> environment = options;
  if (name != "edge") {
    environment.emplace("PLUMBLINE_" + section + "_ADMIN_LISTEN",
                        "127.0.0.1:" + std::to_string(test::free_port()));
  }
  processes.push_back(std::make_unique<test::Process>(
      test::ProcessOptions{{binary("plumbline"), name, "--config", config_path()},
                           environment,
                           folder_.path() / (name + "-" + std::to_string(processes.size()) + ".log")}));
  processes.back()->start();
  return *processes.back();
}

bool Stack::edge_ready() const {
  return http_get(edge_port_, "/readyz") == 200;
}

void Stack::start_roles() {
  edge_->start();
  add_persist();
  if (!test::wait_for([this] { return edge_ready(); }))
    throw std::runtime_error("the edge is not ready\n" + logs());
}

std::string Stack::plumbline(const std::string& words) const {
  const auto [status, output] = run(binary("plumbline") + " " + words + " --config " + config_path());
  if (status != 0) throw std::runtime_error("plumbline " + words + ": " + output);
  return output;
}

std::pair<int, std::string> Stack::plumb(const Tenant& tenant, const std::string& words) const {
  const std::string home = (folder_.path() / "home").string();
  std::filesystem::create_directories(home);
  return run("HOME=" + home + " XDG_STATE_HOME=" + home + "/state XDG_CONFIG_HOME=" + home +
             "/config PLUMBLINE_ENDPOINT=http://127.0.0.1:" + std::to_string(edge_port_) +
             " PLUMBLINE_KEY_ID=" + tenant.signer.key_id + " PLUMBLINE_SECRET=" +
             std::string(tenant.signer.secret.reveal()) + " " + binary("plumb") + " " + words);
}

Tenant Stack::create_tenant(const std::string& slug) {
  plumbline("tenant create " + slug +
            " --retention-days 3660 --traces-per-s 1000000 --burst 1000000 --agent-traces-per-s 1000000 "
            "--agent-burst 1000000");
  Tenant tenant;
  tenant.slug = slug;
  tenant.id = value("SELECT id FROM plumbline.tenants WHERE slug = '" + slug + "'");
  tenant.signer = signer_of(plumbline("key create " + slug));
  return tenant;
}

std::string Stack::value(const std::string& sql) const {
  try {
    auto connection = database_->superuser();
    auto rows = connection.query(sql);
    if (!rows || rows->size() == 0) return {};
    return std::string(rows->text(0, 0));
  } catch (const std::runtime_error&) {  // PostgreSQL is down, as a test wants it
    return {};
  }
}

std::string Stack::logs() const {
  std::string all = "--- edge\n" + edge_->output_tail();
  for (const auto& [name, processes] : roles_) {
    for (const auto& process : processes) all += "\n--- " + name + "\n" + process->output_tail();
  }
  return all;
}

load::Signer signer_of(const std::string& printed) {
  return {word_with(printed, "key_"), Secret(word_with(printed, "whsec_"))};
}

bool accepts(const Stack& stack, const Tenant& tenant) {
  load::LoadOptions options;
  options.port = static_cast<std::uint16_t>(stack.edge_port());
  options.signers = {tenant.signer};
  options.connections = 1;
  options.requests_s = 20;
  options.warmup = std::chrono::milliseconds(0);
  options.duration = std::chrono::milliseconds(200);
  options.shape.sessions = 1;
  bool accepted = false;
  const auto result = load::run_load(
      options, {}, [&](int status, auto, auto, auto) { accepted = accepted || status == 202; });
  return result.ok() && accepted;
}

}  // namespace plumbline::tests
