// Bytes that must not reach a log, an error or a core dump by accident.
#pragma once
#include <string>
#include <string_view>
#include <utility>

namespace plumbline {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string bytes) : bytes_(std::move(bytes)) {}
  Secret(const Secret&) = default;
  Secret(Secret&&) noexcept = default;
  Secret& operator=(const Secret&) = default;
  Secret& operator=(Secret&&) noexcept = default;
  ~Secret() {
    volatile char* at = bytes_.data();  // volatile: the wipe is not optimized away
    for (std::size_t i = 0; i < bytes_.size(); ++i) at[i] = 0;
  }
  // The only way to the bytes; grep for it to audit who reads secrets.
  [[nodiscard]] std::string_view reveal() const { return bytes_; }
  [[nodiscard]] bool empty() const { return bytes_.empty(); }

 private:
  std::string bytes_;
};

inline std::string to_string(const Secret&) {
  return "***";
}
template <class Stream>
Stream& operator<<(Stream& out, const Secret&) {
  out << "***";
  return out;
}

}  // namespace plumbline
