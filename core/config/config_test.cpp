#include <filesystem>
#include <fstream>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/config/load.h"
#include "core/config/options.h"

namespace plumbline::config {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class Loading : public testing::Test {
 protected:
  Loading() {
    std::string pattern = (std::filesystem::temp_directory_path() / "plumbline-config-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~Loading() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& content, mode_t mode = 0600) {
    const auto path = folder_ / name;
    std::ofstream(path) << content;
    chmod(path.c_str(), mode);
    return path.string();
  }
  std::string refusal(const std::string& toml) {
    Input input;
    input.file = write("p.toml", toml);
    const auto loaded = load(input);
    return loaded ? "accepted" : loaded.error().message;
  }
  static Result<Loaded> from_flag(const std::string& name, const std::string& value) {
    Input input;
    input.flags = {{name, value}};
    return load(input);
  }
  static Result<Loaded> from_environment(const std::map<std::string, std::string>& variables) {
    Input input;
    input.environment = variables;
    return load(input);
  }

  std::filesystem::path folder_;
};

TEST_F(Loading, NothingGivenIsTheDefaults) {
  const auto loaded = load({});
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->config.edge.listen, Config{}.edge.listen);
  EXPECT_TRUE(loaded->places.empty());
}

TEST_F(Loading, FlagBeatsEnvironmentBeatsFile) {
  Input input;
  input.file = write("p.toml", "log_level = \"debug\"\n[edge]\nthreads = 2\nlisten = \"127.0.0.1:1\"\n");
  input.environment = {{"PLUMBLINE_EDGE_THREADS", "3"}, {"PLUMBLINE_EDGE_LISTEN", "127.0.0.1:2"}};
  input.flags = {{"edge.threads", "4"}};
  const auto loaded = load(input);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->config.edge.threads, 4);
  EXPECT_EQ(loaded->config.edge.listen, "127.0.0.1:2");
  EXPECT_EQ(loaded->config.log_level, "debug");
  EXPECT_EQ(loaded->places.at("edge.threads"), "--edge.threads");
  EXPECT_EQ(loaded->places.at("edge.listen"), "PLUMBLINE_EDGE_LISTEN");
  EXPECT_THAT(loaded->places.at("log_level"), HasSubstr("p.toml:1"));
}

TEST_F(Loading, UnknownOptionNamesItsPlaceAndTheNearest) {
  EXPECT_THAT(refusal("[edge]\nlisten_to = \"x\"\n"),
              AllOf(HasSubstr("p.toml:2"), HasSubstr("edge.listen?")));
  EXPECT_THAT(refusal("[edge]\nthread = 1\n"), HasSubstr("did you mean edge.threads?"));
  EXPECT_THAT(refusal("threads = 1\n"), HasSubstr("did you mean edge.threads?"));
  EXPECT_THAT(refusal("[postgres]\npassword = \"x\"\n"), HasSubstr("postgres.password_file?"));
  const auto variable = from_environment({{"PLUMBLINE_EDGE_LISTN", "127.0.0.1:1"}});
  ASSERT_FALSE(variable);
  EXPECT_THAT(variable.error().message, AllOf(HasSubstr("PLUMBLINE_EDGE_LISTN"), HasSubstr("edge.listen?")));
  const auto flag = from_flag("edge.lissten", "127.0.0.1:1");
  ASSERT_FALSE(flag);
  EXPECT_THAT(flag.error().message, AllOf(HasSubstr("--edge.lissten"), HasSubstr("edge.listen?")));
}

TEST_F(Loading, ForeignVariablesAreLeftAlone) {
  EXPECT_TRUE(from_environment({{"PLUMBLINE_ENDPOINT", "x"},
                                {"PLUMBLINE_SECRET", "x"},
                                {"PLUMBLINE_EDGE_SERVICE_HOST", "10.0.0.1"},
                                {"PLUMBLINE_EDGE_PORT", "tcp://10.0.0.1:80"},
                                {"EDGE_LISTEN", "x"}}));
}

TEST_F(Loading, WrongTypeAndBoundsAreRefusedWithTheFix) {
  EXPECT_THAT(refusal("[edge]\nthreads = \"2\"\n"), AllOf(HasSubstr(":2"), HasSubstr("without quotes")));
  EXPECT_THAT(refusal("[edge]\nthreads = 5000\n"), HasSubstr("0 to 1024"));
  EXPECT_THAT(refusal("[edge]\ndrain_timeout = 10\n"), HasSubstr("quoted string"));
  EXPECT_THAT(refusal("[edge]\ndrain_timeout = \"10\"\n"), HasSubstr("such as 10s"));
  EXPECT_THAT(refusal("[edge]\ndrain_timeout = \"2h\"\n"), HasSubstr("0s to 10m"));
  EXPECT_THAT(refusal("[edge]\nlisten = \"8080\"\n"), HasSubstr("127.0.0.1:8080"));
  EXPECT_THAT(refusal("log = \"sqlite\"\n"), HasSubstr("embedded, kafka"));
  EXPECT_THAT(refusal("[persist]\nbatch_bytes_max = \"64MB\"\n"), HasSubstr("MiB"));
  EXPECT_THAT(refusal("[edge\n"), HasSubstr("p.toml:1"));
  EXPECT_THAT(refusal("[edge]\nlisten = [1]\n"), HasSubstr("list"));
}

TEST_F(Loading, EveryMistakeIsReportedAtOnce) {
  EXPECT_THAT(refusal("log = \"x\"\n[edge]\nthreads = -1\n"),
              AllOf(HasSubstr(":1: log"), HasSubstr(":3: edge.threads")));
}

TEST_F(Loading, AMissingFileIsNamed) {
  Input input;
  input.file = (folder_ / "none.toml").string();
  const auto loaded = load(input);
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().message, HasSubstr("none.toml"));
}

TEST_F(Loading, SecretsComeFromFilesAndStayHidden) {
  const auto loaded =
      from_environment({{"PLUMBLINE_POSTGRES_PASSWORD_FILE", write("password", "hunter2\n")}});
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->config.postgres.password.reveal(), "hunter2");
  EXPECT_THAT(print_text(*loaded),
              AllOf(HasSubstr("postgres.password_file = ***"), Not(HasSubstr("hunter2"))));
}

TEST_F(Loading, ASecretThatEverybodyReadsIsRefused) {
  const auto loaded = from_flag("postgres.password_file", write("password", "hunter2\n", 0644));
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().message, AllOf(HasSubstr("chmod 600"), Not(HasSubstr("hunter2"))));
}

TEST_F(Loading, AMasterKeyIsThirtyTwoBytes) {
  const auto loaded = from_flag("keys.master_key_file", write("master", "c2hvcnQ=\n"));
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().message, HasSubstr("openssl rand -base64 32"));
  const std::string key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n";
  EXPECT_TRUE(from_flag("keys.master_key_file", write("master", key)));
  EXPECT_TRUE(from_flag("keys.master_key_file", write("masters", key + key)));  // a new one before the old
}

TEST_F(Loading, KafkaTakesAnyKeyFromEverySource) {
  Input input;
  input.file = write("p.toml", "[kafka.options]\n\"security.protocol\" = \"SASL_SSL\"\nlinger.ms = 5\n");
  input.environment = {{"PLUMBLINE_KAFKA_OPTIONS_SASL_USERNAME", "plumbline"},
                       {"PLUMBLINE_KAFKA_OPTIONS_SASL_PASSWORD_FILE", write("sasl", "s3cret\n")}};
  input.flags = {{"kafka.options.sasl.mechanisms", "PLAIN"}};
  const auto loaded = load(input);
  ASSERT_TRUE(loaded) << loaded.error().message;
  const std::map<std::string, std::string> expected = {{"security.protocol", "SASL_SSL"},
                                                       {"linger.ms", "5"},
                                                       {"sasl.username", "plumbline"},
                                                       {"sasl.password", "s3cret"},
                                                       {"sasl.mechanisms", "PLAIN"}};
  EXPECT_EQ(loaded->config.kafka.options, expected);
  EXPECT_THAT(print_text(*loaded), Not(HasSubstr("s3cret")));
}

TEST_F(Loading, KafkaKeysThatPromisesRestOnAreRefused) {
  EXPECT_THAT(refusal("[kafka.options]\nacks = \"1\"\n"), HasSubstr("always all"));
  EXPECT_THAT(refusal("[kafka.options]\n\"bootstrap.servers\" = \"x\"\n"), HasSubstr("kafka.brokers"));
}

TEST_F(Loading, CrossChecks) {
  EXPECT_THAT(refusal("[edge]\ntls_cert_file = \"a.pem\"\n"), HasSubstr("both"));
  EXPECT_THAT(refusal("[postgres]\nurl = \"host=db password=x\"\n"), HasSubstr("postgres.password_file"));
  EXPECT_THAT(refusal("[topics]\nretention_bytes = \"64MiB\"\n[embedded]\nsegment_bytes = \"128MiB\"\n"),
              HasSubstr("segment_bytes"));
}

// Found by config_fuzz: what is wrong only beside another option was said without its place.
TEST_F(Loading, WhatDoesNotGoTogetherIsSaidWithItsPlaces) {
  EXPECT_THAT(refusal("[embedded]\ndir = \"\"\n"), HasSubstr("p.toml:2: embedded.dir is empty"));
  Input input;
  input.file = write("p.toml", "[topics]\nretention_bytes = \"64MiB\"\n");
  input.environment = {{"PLUMBLINE_EMBEDDED_SEGMENT_BYTES", "128MiB"}};
  const auto loaded = load(input);
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().message,
              HasSubstr("p.toml:2, PLUMBLINE_EMBEDDED_SEGMENT_BYTES: topics.retention_bytes: "));
}

TEST_F(Loading, OnePlaceMayBeginAsAnotherDoes) {
  EXPECT_THAT(refusal("[embedded]\nsegment_bytes = \"128MiB\"" + std::string(18, '\n') +
                      "[topics]\nretention_bytes = \"64MiB\"\n"),
              testing::ContainsRegex(".*p.toml:21, .*p.toml:2: topics.retention_bytes: "));
}

TEST(Table, EveryDefaultIsWithinItsBoundAndEveryNameIsUnique) {
  std::set<std::string> names;
  for (const Option& option : options()) {
    EXPECT_TRUE(names.insert(option.name).second) << option.name;
    EXPECT_TRUE(names.insert(option.variable()).second) << option.name;
    EXPECT_FALSE(option.meaning.empty()) << option.name;
    const auto value = option.print(Config{});
    if (value.empty()) continue;  // not set by default
    Config other;
    const auto set = option.set(other, value);
    EXPECT_TRUE(set) << option.name << ": " << (set ? "" : set.error().message);
    EXPECT_EQ(option.print(other), value) << option.name;
  }
  EXPECT_TRUE(cross_check(Loaded{}).empty());
}

TEST(Table, MarkdownAndTextNameEveryOption) {
  const auto text = print_text({});
  const auto markdown = print_markdown();
  for (const Option& option : options()) {
    EXPECT_THAT(text, HasSubstr(option.variable()));
    EXPECT_THAT(markdown, HasSubstr("| `" + option.name + "` |"));
  }
}

}  // namespace
}  // namespace plumbline::config
