#include "tests/support/agent_box.h"

#include <fstream>

#include "core/clock.h"
#include "core/codec/json_value.h"
#include "core/time.h"
#include "tests/support/raw_http.h"

namespace plumbline::tests {
namespace {

namespace fs = std::filesystem;
using codec::JsonValue;

constexpr std::string_view kIdFront = "00000000-0000-4000-8000-";
constexpr std::size_t kIdDigits = 12;

}  // namespace

AgentBox::AgentBox(const std::string& name, const Tenant& tenant, int port, const std::string& toml)
    : folder_("agent-" + name), http_port_(test::free_port()) {
  fs::create_directories(folder() / "in");
  std::ofstream(folder() / "secret") << tenant.signer.secret.reveal();
  fs::permissions(folder() / "secret", fs::perms::owner_read);
  std::ofstream(config()) << "state_folder = \"state\"\ntail_interval = \"20ms\"\n"
                          << toml << "\n[edge]\nendpoint = \"http://127.0.0.1:" << port << "\"\nkey_id = \""
                          << tenant.signer.key_id
                          << "\"\nsecret_file = \"secret\"\n[send]\nbackoff_first = \"20ms\"\n"
                             "backoff_longest = \"200ms\"\n[listen]\nhttp = \"127.0.0.1:"
                          << http_port_ << "\"\nunix = \"in/socket\"\n";
}

void AgentBox::start(const std::map<std::string, std::string>& environment) {
  test::ProcessOptions options{wrapper_, environment, folder() / "agent.log"};
  for (const std::string& word : {std::string(PLUMBLINE_BINARY_DIR) + "/bin/plumb", std::string("agent"),
                                  std::string("run"), std::string("--config"), config().string()})
    options.command.push_back(word);
  options.environment.emplace("HOME", folder().string());
  process_ = std::make_unique<test::Process>(std::move(options));
  process_->start();
}

bool AgentBox::listens() {
  return test::wait_for([this] { return !process_->running() || http_get(http_port_, "/ingest") == 405; }) &&
         process_->running();
}

AgentAnswer AgentBox::post(const std::string& path, const std::string& type, std::string_view body) const {
  try {
    test::RawHttp http(http_port_);
    std::string request = "POST " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: " + type +
                          "\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) +
                          "\r\n\r\n";
    request += body;
    if (!http.send(request)) return {};
    const test::RawResponse response = http.receive();
    return {response.status, response.body};
  } catch (const std::runtime_error&) {  // nobody listens: it was killed
    return {};
  }
}

AgentAnswer AgentBox::post_span(std::uint64_t number, std::size_t bytes) const {
  return post("/ingest", "application/json", span_line(number, bytes));
}

namespace {

JsonValue status_of(const fs::path& state) {
  std::ifstream file(state / "status.json");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  auto parsed = JsonValue::parse(text);
  return parsed ? std::move(*parsed) : JsonValue{};
}

const JsonValue& member_of(const JsonValue& document, const std::vector<std::string>& path) {
  const JsonValue* at = &document;
  for (const std::string& name : path) at = at->is(JsonValue::Kind::kArray) ? &at->at(0) : &(*at)[name];
  return *at;
}

}  // namespace

std::int64_t AgentBox::number(const std::vector<std::string>& path) const {
  const JsonValue status = status_of(state());
  // What an agent before this one left says nothing of it.
  if (process_ && status["pid"].number() != static_cast<double>(process_->pid())) return -1;
  return static_cast<std::int64_t>(member_of(status, path).number().value_or(-1));
}

std::string AgentBox::text(const std::vector<std::string>& path) const {
  const JsonValue status = status_of(state());
  return std::string(member_of(status, path).text());
}

bool AgentBox::drained() const {
  return number({"spool", "waiting"}) == 0 && number({"send", "deferred"}) == 0;
}

std::pair<int, std::string> AgentBox::plumb(const std::string& words) const {
  const std::string command = "HOME=" + folder().string() + " " + PLUMBLINE_BINARY_DIR + "/bin/plumb " +
                              words + " --config " + config().string() + " 2>&1";
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return {-1, "popen"};
  std::string output;
  char buffer[4096];
  for (std::size_t n = fread(buffer, 1, sizeof buffer, pipe); n > 0;
       n = fread(buffer, 1, sizeof buffer, pipe))
    output.append(buffer, n);
  const int status = pclose(pipe);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, output};
}

std::string fault_io() {
  return FAULT_IO;
}

std::string span_id(std::uint64_t number) {
  const std::string digits = std::to_string(number);
  return std::string(kIdFront) + std::string(kIdDigits - digits.size(), '0') + digits;
}

std::string span_line(std::uint64_t number, std::size_t bytes) {
  // One time for all that a process of tests makes: the same number is the same event.
  static const std::string time = format_rfc3339(TimeUs{SystemClock().now().value / 1000000 * 1000000});
  std::string line = R"({"id":")" + span_id(number) + R"(","kind":"span","time":")" + time +
                     R"(","agent":"box","data":{"name":"chat")";
  if (bytes > line.size()) {
    line += R"(,"attributes":{"x":")";
    while (line.size() < bytes) line += "word ";
    line += "\"}";
  }
  return line + "}}";
}

std::set<std::uint64_t> not_stored_once(const Stack& stack, const std::set<std::uint64_t>& wanted) {
  std::map<std::string, int> rows;
  auto connection = stack.database().superuser();
  auto found = connection.query("SELECT id, count(*) FROM plumbline.traces GROUP BY id");
  for (int i = 0; found && i < found->size(); ++i)
    rows[std::string(found->text(i, 0))] = found->text(i, 1) == "1" ? 1 : 2;
  std::set<std::uint64_t> wrong;
  for (const std::uint64_t number : wanted) {
    if (rows[span_id(number)] != 1) wrong.insert(number);
  }
  return wrong;
}

}  // namespace plumbline::tests
