// Whether the edge takes a key, found out without sending anything.
#pragma once
#include <string>

#include "producers/push/credentials.h"

namespace plumbline::client {

struct EdgeAnswer {
  enum Verdict { kTaken, kLater, kRefused, kFailed };
  Verdict verdict = kFailed;  // kRefused: the edge knows no such key, or another secret of it
  std::string words;          // one line, without a secret
};

[[nodiscard]] EdgeAnswer ask_edge(const push::Credentials& credentials);

}  // namespace plumbline::client
