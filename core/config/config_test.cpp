#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/config/load.h"
#include "core/config/options.h"
#include "core/config/values.h"

namespace plumbline::config {
namespace {

using testing::HasSubstr;

class ConfigFiles : public testing::Test {
 protected:
  ConfigFiles() {
    std::string pattern = (std::filesystem::temp_directory_path() / "plumbline-config-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~ConfigFiles() override { std::filesystem::remove_all(folder_); }
  std::string write(const std::string& name, const std::string& content, mode_t mode = 0600) {
    const std::string path = folder_ / name;
    std::ofstream(path) << content;
    chmod(path.c_str(), mode);
    return path;
  }
  static std::string failure(const Input& input) {
    const auto loaded = load(input);
    return loaded ? "" : loaded.error().message;
  }
  std::filesystem::path folder_;
};

TEST_F(ConfigFiles, FlagsBeatTheEnvironmentBeatsTheFile) {
  Input input;
  input.file = write(
      "p.toml",
      "log = \"kafka\"\n[edge]\nlisten = \"127.0.0.1:1\"\nthreads = 3\n[topics]\nretention = \"24h\"\n");
  input.environment = {
      {"PLUMBLINE_EDGE_LISTEN", "127.0.0.1:2"}, {"PLUMBLINE_EDGE_THREADS", "4"}, {"HOME", "x"}};
  input.flags = {{"edge.listen", "127.0.0.1:3"}};
  const auto loaded = load(input);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->config.log, "kafka");
  EXPECT_EQ(loaded->config.edge.listen, "127.0.0.1:3");
  EXPECT_EQ(loaded->config.edge.threads, 4);
  EXPECT_EQ(loaded->config.topics.retention, std::chrono::hours(24));
  EXPECT_EQ(loaded->places.at("edge.threads"), "environment variable PLUMBLINE_EDGE_THREADS");
}

TEST_F(ConfigFiles, ARefusalNamesPlaceBoundAndFix) {
  Input input;
  input.file = write("p.toml", "log = \"embedded\"\n[edge]\nlisen = \"127.0.0.1:1\"\n");
  EXPECT_THAT(failure(input),
              HasSubstr("p.toml:3: there is no option \"edge.lisen\"; did you mean \"edge.listen\"?"));
  input.file = write("p.toml", "[edge]\nthreads = 1000\n");
  EXPECT_THAT(failure(input), HasSubstr("p.toml:2: edge.threads: \"1000\" is not an integer from 0 to 256"));
  input.file = write("p.toml", "[edge\n");
  EXPECT_THAT(failure(input), HasSubstr("p.toml:1"));
  input.file = "";
  input.environment = {{"PLUMBLINE_LOG", "rabbit"}};
  EXPECT_THAT(failure(input),
              HasSubstr("environment variable PLUMBLINE_LOG: log: \"rabbit\" is not one of embedded, kafka"));
  input.environment = {{"PLUMBLINE_EDGE_LISTN", "x"}};
  EXPECT_THAT(failure(input), HasSubstr("PLUMBLINE_EDGE_LISTN"));
  input.environment = {};
  input.flags = {{"edge.header_timeout", "10"}};
  EXPECT_THAT(failure(input),
              HasSubstr("flag --edge.header_timeout: edge.header_timeout: \"10\" is not a duration"));
  input.flags = {{"edge.tls_cert_file", "a.pem"}};
  EXPECT_THAT(failure(input), HasSubstr("set both or none"));
}

TEST_F(ConfigFiles, SecretsComeFromFilesOfTheirOwnerAlone) {
  Input input;
  input.flags = {{"postgres.password_file", write("password", "hunter2\n")}};
  const auto loaded = load(input);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->config.postgres.password.reveal(), "hunter2");
  EXPECT_THAT(print_text(*loaded), testing::Not(HasSubstr("hunter2")));
  input.flags = {{"postgres.password_file", write("open", "hunter2\n", 0644)}};
  EXPECT_THAT(failure(input), HasSubstr("chmod 600"));
  input.flags = {{"postgres.password_file", (folder_ / "missing").string()}};
  EXPECT_THAT(failure(input), HasSubstr("can't be read"));
}

TEST_F(ConfigFiles, KafkaOptionsPassThrough) {
  Input input;
  input.file = write("p.toml", "[kafka.options]\n\"sasl.mechanism\" = \"PLAIN\"\n");
  const auto loaded = load(input);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->config.kafka.options.at("sasl.mechanism"), "PLAIN");
}

// A default outside its own bound, or one that does not print as it is read, would make `plumbline config` a
// lie.
TEST(Options, EveryDefaultIsWithinItsOwnBoundAndReadsAsItPrints) {
  for (const Option& option : options()) {
    if (option.is_file_of_secret) continue;
    Config config;
    const std::string printed = option.get(config);
    const auto set = option.set(config, printed);
    EXPECT_TRUE(set.ok()) << option.name << " = " << printed;
    EXPECT_EQ(option.get(config), printed) << option.name;
  }
}

TEST(Values, ReadAndPrint) {
  EXPECT_EQ(parse_duration("15m"), std::chrono::minutes(15));
  EXPECT_EQ(parse_duration("250ms"), std::chrono::milliseconds(250));
  EXPECT_FALSE(parse_duration("10"));
  EXPECT_FALSE(parse_duration("9223372036854775807h"));
  EXPECT_EQ(parse_size("64MiB"), 64 << 20);
  EXPECT_EQ(parse_size("512"), 512);
  EXPECT_FALSE(parse_size("64MB"));
  EXPECT_EQ(print_size(64 << 20), "64MiB");
  EXPECT_EQ(print_duration(std::chrono::hours(168)), "168h");
  EXPECT_TRUE(is_listen_address("[::1]:80"));
  EXPECT_FALSE(is_listen_address("::1:80"));
  EXPECT_FALSE(is_listen_address("localhost:0"));
}

}  // namespace
}  // namespace plumbline::config
