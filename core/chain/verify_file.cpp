#include "core/chain/verify_file.h"

#include <utility>

namespace plumbline::chain {
namespace {

std::string shortened(std::string_view hash) {
  constexpr std::size_t kShown = 16;
  if (hash.empty()) return "nothing";
  return hash.size() <= kShown ? std::string(hash) : std::string(hash.substr(0, kShown)) + "...";
}

}  // namespace

std::string_view to_word(Finding finding) {
  switch (finding) {
    case Finding::kNotJson:
      return "not_json";
    case Finding::kContentChanged:
      return "content_changed";
    case Finding::kGap:
      return "gap";
    case Finding::kHeadMissing:
      return "head_missing";
    case Finding::kRestart:
      return "restart";
    case Finding::kUnlinked:
      return "unlinked";
    case Finding::kTailMissing:
      return "tail_missing";
    case Finding::kRewritten:
      return "rewritten";
  }
  return "unknown";
}

void Verifier::problem(Finding finding, std::string detail) {
  line_ok_ = false;
  ++report_.problems_total;
  if (report_.problems.size() < kProblemsMax) report_.problems.push_back({line_, finding, std::move(detail)});
}

bool Verifier::add(std::string_view line) {
  ++line_;
  line_ok_ = true;
  if (line.find_first_not_of(" \t\r\n") == std::string_view::npos) return true;
  ++report_.lines;
  auto check = check_entry(line);
  if (!check) {
    problem(Finding::kNotJson, check.error().message);
    report_.last_hash.clear();  // as the package: what follows must start anew, and is a problem of its own
    return false;
  }
  if (check->linked) {
    follow(*check);
  } else if (check->has_hash || check->has_prev_hash || begun_) {
    problem(Finding::kUnlinked, check->has_hash || check->has_prev_hash
                                    ? "an entry has only one of hash and prev_hash, or not as text"
                                    : "an entry has neither hash nor prev_hash");
    report_.last_hash.clear();
  } else {
    ++report_.legacy;
  }
  return line_ok_;
}

void Verifier::follow(const EntryCheck& check) {
  if (check.prev_hash != report_.last_hash) {
    const std::string detail = "prev_hash is " + shortened(check.prev_hash) + ", the entry before has " +
                               shortened(report_.last_hash);
    problem(!begun_                   ? Finding::kHeadMissing
            : check.prev_hash.empty() ? Finding::kRestart
                                      : Finding::kGap,
            detail);
  }
  if (!check.complete) ++report_.incomplete;
  if (!check.hash_matches) {
    problem(Finding::kContentChanged,
            check.complete ? "the content does not have the hash " + shortened(check.hash)
                           : "content is missing (action_value, explanation), so the hash can't be right");
  }
  if (!begun_) {
    report_.first_hash = check.hash;
    report_.compared = recorded_ && recorded_->first_hash == check.hash;
  }
  begun_ = true;
  ++report_.entries;
  report_.last_hash = check.hash;
  if (report_.compared && report_.entries == recorded_->entries && check.hash != recorded_->last_hash) {
    problem(Finding::kRewritten, "entry " + std::to_string(report_.entries) + " was pushed with hash " +
                                     shortened(recorded_->last_hash) + ", now it is " +
                                     shortened(check.hash));
  }
}

FileReport Verifier::finish() {
  line_ = 0;
  if (report_.compared && report_.entries < recorded_->entries) {
    problem(Finding::kTailMissing, "an earlier push saw " + std::to_string(recorded_->entries) +
                                       " entries, now there are " + std::to_string(report_.entries));
  }
  return std::move(report_);
}

std::string_view next_line(std::string_view& rest) {
  const std::size_t end = rest.find_first_of("\r\n");
  if (end == std::string_view::npos) return std::exchange(rest, {});
  const std::string_view line = rest.substr(0, end);
  const bool pair = rest[end] == '\r' && end + 1 < rest.size() && rest[end + 1] == '\n';
  rest.remove_prefix(end + (pair ? 2 : 1));
  return line;
}

FileReport verify_text(std::string_view text, std::optional<Recorded> recorded) {
  Verifier verifier(std::move(recorded));
  while (!text.empty()) verifier.add(next_line(text));
  return verifier.finish();
}

}  // namespace plumbline::chain
