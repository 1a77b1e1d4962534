// Verdicts of core/codec for a test in another language. Standard input: "<what> <bytes>\n" and as many
// bytes, again and again; standard output: a line for each, "ok" or the word of the reason. <what>: envelope,
// keys, outcomes, dead.
#include <iostream>
#include <string>

#include "core/codec/decoder.h"
#include "core/codec/records.h"

namespace {

using namespace plumbline;

template <class T>
std::string verdict(const Result<T>& result) {
  return result ? "ok" : result.error().code;
}

std::string judge(codec::Decoder& decoder, const std::string& what, const std::string& text) {
  if (what == "keys") return verdict(codec::decode_keys_record(text));
  if (what == "outcomes") return verdict(codec::decode_outcome_record(text));
  if (what == "dead") return verdict(codec::decode_dead_record(text));
  const std::string traces = verdict(decoder.decode(text, codec::Endpoint::kTraces));
  return traces == "wrong_endpoint" ? verdict(decoder.decode(text, codec::Endpoint::kReports)) : traces;
}

}  // namespace

int main() {
  std::ios::sync_with_stdio(false);
  codec::Decoder decoder;
  std::string what, text;
  for (std::size_t size = 0; std::cin >> what >> size;) {
    std::cin.get();
    text.resize(size);
    std::cin.read(text.data(), static_cast<std::streamsize>(size));
    std::cout << judge(decoder, what, text) << std::endl;
  }
  return 0;
}
