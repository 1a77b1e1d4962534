#include "apps/plumbline/tenant_export.h"

#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>

#include <fcntl.h>
#include <unistd.h>

namespace plumbline::app {
namespace {

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, Close>;

class Files {
 public:
  explicit Files(std::string folder) : folder_(std::move(folder)) {}

  Status write(std::string_view table, std::string_view line) {
    if (table != table_) {
      if (Status ended = end(); !ended) return ended;
      table_ = table;
      const int fd = ::open(part().c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
      if (fd < 0) return refused();
      file_.reset(::fdopen(fd, "w"));
      written_.push_back(table_);
    }
    if (std::fwrite(line.data(), 1, line.size(), file_.get()) != line.size()) return refused();
    return ok_status();
  }

  Status finish() {
    if (Status ended = end(); !ended) return ended;
    std::error_code error;
    for (const std::string& table : written_) {
      table_ = table;
      std::filesystem::rename(part(), folder_ + "/" + table + ".ndjson", error);
      if (error) return refused();
    }
    return ok_status();
  }

 private:
  [[nodiscard]] std::string part() const { return folder_ + "/" + table_ + ".ndjson.part"; }
  [[nodiscard]] Error refused() const {
    return fatal("export", "can't write " + part() + ": is the disk full, the folder writable?");
  }
  Status end() {
    if (!file_) return ok_status();
    std::FILE* file = file_.release();
    const bool synced = std::fflush(file) == 0 && ::fsync(::fileno(file)) == 0;
    const bool closed = std::fclose(file) == 0;
    if (synced && closed) return ok_status();
    return refused();
  }

  std::string folder_;
  std::string table_;
  File file_;
  std::vector<std::string> written_;
};

}  // namespace

Result<postgres::RowCounts> export_to_folder(pg::Connection& connection, const postgres::Tenant& tenant,
                                             const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return fatal("export", "can't make the folder " + folder + ": " + error.message());
  Files files(folder);
  auto counts = postgres::export_tenant(
      connection, tenant,
      [&](std::string_view table, std::string_view line) { return files.write(table, line); });
  if (!counts) return counts;
  if (Status finished = files.finish(); !finished) return finished.error();
  return counts;
}

}  // namespace plumbline::app
