#include "producers/push/profiles.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "producers/push/document.h"

namespace plumbline::push {
namespace {

namespace fs = std::filesystem;

Error wrong(std::string message) {
  return fatal("credentials", std::move(message));
}

Error system_says(const fs::path& path) {
  return wrong(path.string() + ": " + std::strerror(errno));
}

// The name in `[name]`; nullopt: no header of a section.
std::optional<std::string_view> section_of(std::string_view line) {
  line = without_outer_space(line);
  if (!line.starts_with('[') || !line.ends_with(']')) return std::nullopt;
  return without_outer_space(line.substr(1, line.size() - 2));
}

bool is_value(std::string_view line) {
  line = without_outer_space(line);
  return !line.empty() && line.front() != '#' && !section_of(line);
}

Status take_line(std::string_view line, const fs::path& path, Profile& out) {
  const std::string_view text = without_outer_space(line);
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos)
    return wrong(path.string() + " holds a line that is neither `name = value` nor `[profile]`");
  const std::string_view name = without_outer_space(text.substr(0, equals));
  const std::string value{without_outer_space(text.substr(equals + 1))};
  if (name == "endpoint") {
    out.endpoint = value;
  } else if (name == "key_id") {
    out.key_id = value;
  } else if (name == "secret") {
    out.secret = Secret(value);
  } else if (name == "ca_file") {
    out.ca_file = value;
  } else if (name == "console") {
    out.console = value;
  } else if (name == "tenant") {
    out.tenant = value;
  } else {
    return wrong(path.string() + " names " + std::string(name) +
                 "; known are endpoint, key_id, secret, ca_file, console and tenant");
  }
  return ok_status();
}

// Lines without their ends; none when there is no file.
Result<std::vector<std::string>> lines_of(const fs::path& path) {
  std::vector<std::string> lines;
  struct stat info {};
  if (path.empty()) return lines;
  if (stat(path.c_str(), &info) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return lines;
    return system_says(path);
  }
  if ((info.st_mode & 077) != 0)
    return wrong(path.string() + " can be read by others: chmod 600 " + path.string());
  std::ifstream file(path);
  if (!file) return system_says(path);
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> values_of(const Profile& profile) {
  std::vector<std::string> lines;
  const auto add = [&lines](const char* name, std::string_view value) {
    if (!value.empty()) lines.push_back(std::string(name) + " = " + std::string(value));
  };
  add("endpoint", profile.endpoint);
  add("key_id", profile.key_id);
  add("secret", profile.secret.reveal());
  add("ca_file", profile.ca_file);
  add("console", profile.console);
  add("tenant", profile.tenant);
  return lines;
}

// The lines without the values of that profile; `at`: where its values belong, when it has a place.
std::vector<std::string> without(const std::vector<std::string>& lines, std::string_view name,
                                 bool drop_headers, std::optional<std::size_t>& at, bool& found) {
  std::vector<std::string> kept;
  std::string_view section = kDefaultProfile;
  for (const std::string& line : lines) {
    const auto header = section_of(line);
    if (header) section = *header;
    const bool mine = section == name;
    found = found || (mine && (header || is_value(line)));
    if (mine && (is_value(line) || (header && drop_headers))) {
      if (!at) at = kept.size();
      continue;
    }
    kept.push_back(line);
    if (mine && header) at = kept.size();
  }
  return kept;
}

// Held while the file is read, changed and replaced: two logins at once must not lose each other's profile.
class FolderLock {
 public:
  Status take(const fs::path& folder) {
    std::error_code error;
    if (!fs::is_directory(folder, error)) {
      fs::create_directories(folder.parent_path(), error);
      if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return system_says(folder);
    }
    fd_ = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd_ < 0 || flock(fd_, LOCK_EX) != 0) return system_says(folder);
    return ok_status();
  }
  FolderLock() = default;
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  ~FolderLock() {
    if (fd_ >= 0) close(fd_);
  }
  [[nodiscard]] bool sync() const { return fsync(fd_) == 0; }

 private:
  int fd_ = -1;
};

Status replace(const fs::path& file, const std::vector<std::string>& lines, const FolderLock& lock) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  std::string beside = file.string() + ".XXXXXX";
  const int fd = mkostemp(beside.data(), O_CLOEXEC);  // 0600
  if (fd < 0) return system_says(file);
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t wrote = write(fd, text.data() + done, text.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) break;
    done += static_cast<std::size_t>(wrote);
  }
  const bool whole = done == text.size() && fsync(fd) == 0;
  Status failed = ok_status();
  if (!whole || rename(beside.c_str(), file.c_str()) != 0) {
    failed = system_says(file);
    unlink(beside.c_str());
  }
  close(fd);
  if (failed && !lock.sync()) return system_says(file.parent_path());
  return failed;
}

// Where the bytes are: replacing a link would leave the secret behind it.
fs::path target_of(const fs::path& file) {
  std::error_code error;
  const fs::path real = fs::canonical(file, error);
  return error ? file : real;
}

}  // namespace

bool is_profile_name(std::string_view name) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), plain);
}

Result<std::vector<Profile>> read_profiles(const fs::path& file) {
  const auto lines = lines_of(file);
  if (!lines) return lines.error();
  std::vector<Profile> profiles;
  std::string section{kDefaultProfile};
  const auto mine = [&]() -> Profile& {
    for (Profile& profile : profiles) {
      if (profile.name == section) return profile;
    }
    profiles.emplace_back().name = section;
    return profiles.back();
  };
  for (const std::string& line : *lines) {
    if (const auto header = section_of(line)) {
      if (!is_profile_name(*header))
        return wrong(file.string() + " names a profile that is not 1 to 64 of A-Z a-z 0-9 . _ -");
      section = *header;
      (void)mine();
    } else if (is_value(line)) {
      if (Status taken = take_line(line, file, mine()); !taken) return taken.error();
    }
  }
  return profiles;
}

Status write_profile(const fs::path& named, const Profile& profile) {
  std::vector<std::string> values = values_of(profile);
  for (const std::string& line : values) {
    if (line.find_first_of(std::string_view("\n\r\0", 3)) != std::string::npos)
      return wrong("a value of the profile " + profile.name + " has a line end in it");
  }
  if (named.empty()) return wrong("no home folder is known: set HOME or XDG_CONFIG_HOME");
  const fs::path file = target_of(named);
  FolderLock lock;
  if (Status taken = lock.take(file.parent_path()); !taken) return taken;
  const auto lines = lines_of(file);
  if (!lines) return lines.error();
  std::optional<std::size_t> at;
  bool found = false;
  std::vector<std::string> kept = without(*lines, profile.name, false, at, found);
  if (!at && profile.name == kDefaultProfile) {  // before the first section
    const auto first = std::find_if(kept.begin(), kept.end(),
                                    [](const std::string& line) { return section_of(line).has_value(); });
    at = static_cast<std::size_t>(first - kept.begin());
    if (first != kept.end()) values.emplace_back();
  }
  if (!at) {
    if (!kept.empty() && !kept.back().empty()) kept.emplace_back();
    kept.push_back("[" + profile.name + "]");
    at = kept.size();
  }
  kept.insert(kept.begin() + static_cast<std::ptrdiff_t>(*at), values.begin(), values.end());
  return replace(file, kept, lock);
}

Result<bool> remove_profile(const fs::path& named, std::string_view name) {
  std::error_code error;
  if (named.empty() || !fs::exists(named, error)) return false;
  const fs::path file = target_of(named);
  FolderLock lock;
  if (Status taken = lock.take(file.parent_path()); !taken) return taken.error();
  const auto lines = lines_of(file);
  if (!lines) return lines.error();
  std::optional<std::size_t> at;
  bool found = false;
  const auto kept = without(*lines, name, true, at, found);
  if (!found) return false;
  if (Status replaced = replace(file, kept, lock); !replaced) return replaced.error();
  return true;
}

}  // namespace plumbline::push
