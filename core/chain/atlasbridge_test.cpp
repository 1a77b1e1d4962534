#include "core/chain/atlasbridge.h"

#include <fstream>

#include <gtest/gtest.h>

#include "core/chain/verify_file.h"

namespace plumbline::chain {
namespace {

std::vector<std::string> real_lines(const std::string& name) {
  std::ifstream in(std::string(PLUMBLINE_SOURCE_DIR "/tests/data/real/") + name);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

TEST(AtlasBridge, EveryRealEntryHasItsHash) {
  std::size_t entries = 0;
  for (const char* name : {"agent-0.jsonl", "agent-1.jsonl", "agent-2.jsonl"}) {
    for (const std::string& line : real_lines(name)) {
      const auto check = check_entry(line);
      ASSERT_TRUE(check.ok()) << check.error().message;
      EXPECT_TRUE(check->complete);
      EXPECT_TRUE(check->hash_matches) << name << " " << line;
      ++entries;
    }
  }
  EXPECT_EQ(entries, 371u);
}

TEST(AtlasBridge, WithoutContentOnlyLinksRemain) {
  const auto check =
      check_entry(R"({"idempotency_key":"k","action_type":"deny","prev_hash":"","hash":"ab"})");
  ASSERT_TRUE(check.ok());
  EXPECT_TRUE(check->linked);
  EXPECT_FALSE(check->complete);
  EXPECT_FALSE(check->hash_matches);
  EXPECT_EQ(check->hash, "ab");
  EXPECT_EQ(check->prev_hash, "");
}

TEST(AtlasBridge, LinksMustBeText) {
  EXPECT_FALSE(check_entry(R"({"prev_hash":null,"hash":"ab"})")->linked);
  EXPECT_FALSE(check_entry(R"({"prev_hash":"","hash":5})")->linked);
  EXPECT_FALSE(check_entry(R"({"hash":"ab"})")->has_prev_hash);
  EXPECT_FALSE(check_entry("{}")->linked);
}

// Hashes made by the package's own _compute_hash.
TEST(AtlasBridge, PythonFormsOfNumbersAndText) {
  const char* const entries[] = {
      R"J({"action_value": "", "explanation": "", "idempotency_key": "k", "action_type": "deny", "n": 1.0, "m": 1e+16, "o": 1000000000000000.0, "p": 0.0001, "q": 1e-05, "r": -0.0, "s": 1.5e+300, "t": 123456789012345678901234567890, "u": 2.5e-308, "v": 0.1, "w": 123456.789, "x": 9007199254740993, "y": 1e+22, "z": 1.7976931348623157e+308, "prev_hash": "", "hash": "33da65a499f005b3415e58c041c2cae4d5c3dcd57f2d9359737daafcc273811f"})J",
      R"J({"action_value": "", "explanation": "", "idempotency_key": "k", "action_type": "deny", "t": "\u0000\u001f\u007f\u0080 \u2028 \ud83d\ude00 \"\\/\b\f\n\r\t \u00e9\u65e5\u672c\u8a9e", "prev_hash": "ab", "hash": "301e4262c8eb28447f5270bbce3ca17b07a271b2f477096bf7f4ccb5ba8fb84f"})J",
      R"J({"action_value": "", "explanation": "", "idempotency_key": "\u00dc", "action_type": "\u65e5", "prev_hash": "", "hash": "15cb47f289600f44fb811077bda16a3ed3b99ef106ab07b68f1419efbfc69b2f"})J",
      R"J({"action_value": "", "explanation": "", "idempotency_key": null, "action_type": true, "prev_hash": "ab", "hash": "6ceae3feeeff64638699bcb48612324ba68b13144f00db5bd30d762d7ac255f3"})J",
      R"J({"action_value": "", "explanation": "", "idempotency_key": 12, "action_type": 1.5, "prev_hash": "", "hash": "2b9310899d72de7e849c302528666f2ea773a1b5648580549a4c2eee193e207b"})J",
      R"J({"action_value": "", "explanation": "", "action_type": false, "prev_hash": "ab", "hash": "0ad8f988d6301df85b1f878fae8dca7cc849b2cd12004d9608fd4bf6e3018cee"})J",
      R"J({"action_value": "", "explanation": "", "idempotency_key": "k", "action_type": "x", "\ud83d\ude00": 1, "\uffff": 2, "a": {"b": [1, [], {}, {"z": null, "y": true}], "a": [[]]}, "": 0, "prev_hash": "", "hash": "a7359928ebec6ac5be2d6c3ea9b3ae3d762f8b053f7df0d942b9d0f6726798c8"})J",
      R"J({"action_value": "", "explanation": "", "prev_hash": "", "z"  :	-0, "hash": "3dff7cca0854e5c9d88ac099d1b00d9f21b081ff54faf1949eda6ab93389c185"})J",
  };
  for (const char* entry : entries) {
    const auto check = check_entry(entry);
    ASSERT_TRUE(check.ok()) << entry << " " << check.error().message;
    EXPECT_TRUE(check->hash_matches) << entry;
    EXPECT_TRUE(check->complete) << entry;
  }
}

TEST(AtlasBridge, OutsideTheProfileIsNotJson) {
  for (const char* text : {"",
                           " ",
                           "[]",
                           "1",
                           "\"x\"",
                           "{",
                           "{}x",
                           "{} {}",
                           R"({"a":NaN})",
                           R"({"a":Infinity})",
                           R"({"a":1,"a":2})",
                           R"({"a":{"b":1,"b":2}})",
                           R"({"a":"\ud800"})",
                           R"({"a":"\udc00"})",
                           R"({"a":01})",
                           R"({"a":1.})",
                           R"({"a":1e999})",
                           R"({"a":truex})",
                           R"({"a":nul})",
                           R"({"a" 1})",
                           R"({"a":1,})",
                           R"({"a":[1,]})",
                           R"({"a":[1 2]})",
                           R"({"a":})",
                           "{\"a\":\"\x01\"}",
                           "{\"a\":\"\xff\"}",
                           "\xef\xbb\xbf{}",
                           R"({"a":+1})",
                           R"({"a":"\x"})",
                           R"({"a":-})",
                           R"({a:1})",
                           R"({"a":1]})",
                           R"({"a":[1}})"}) {
    EXPECT_FALSE(check_entry(text).ok()) << text;
  }
  EXPECT_FALSE(check_entry("{\"a\":" + std::string(100, '[') + std::string(100, ']') + "}").ok());
  EXPECT_FALSE(check_entry("{\"a\":" + std::string(100, '1') + "}").ok());
}

}  // namespace
}  // namespace plumbline::chain
