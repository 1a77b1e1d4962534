// Result<T>: a value, or an Error that says what may be done about it. Expected failures travel here;
// exceptions stay inside adapters of libraries that throw. Thread-safety: as std::variant.
#pragma once
#include <cassert>
#include <string>
#include <utility>
#include <variant>

namespace plumbline {

// What a caller may do about an error.
enum class Fault {
  kRetryable,  // the same call may succeed later: back off and try again
  kPoison,     // this input will never succeed: dead-letter or reject it and go on
  kFatal,      // the component must be rebuilt or the operator must act
};

// `code` is a stable, machine-readable word (problem `type`, dead-letter `reason`, metric label); `message`
// names the place, the bound and the way out, and never holds a payload or a secret.
struct Error {
  Fault fault = Fault::kFatal;
  std::string code;
  std::string message;
};

inline Error retryable(std::string code, std::string message) {
  return {Fault::kRetryable, std::move(code), std::move(message)};
}
inline Error poison(std::string code, std::string message) {
  return {Fault::kPoison, std::move(code), std::move(message)};
}
inline Error fatal(std::string code, std::string message) {
  return {Fault::kFatal, std::move(code), std::move(message)};
}

struct Unit {};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : held_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit on purpose
  Result(Error error) : held_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit on purpose

  [[nodiscard]] bool ok() const { return held_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // Precondition: ok().
  [[nodiscard]] T& value() & { return assert(ok()), *std::get_if<0>(&held_); }
  [[nodiscard]] const T& value() const& { return assert(ok()), *std::get_if<0>(&held_); }
  [[nodiscard]] T&& value() && { return assert(ok()), std::move(*std::get_if<0>(&held_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  // Precondition: !ok().
  [[nodiscard]] const Error& error() const& { return assert(!ok()), *std::get_if<1>(&held_); }
  [[nodiscard]] Error&& error() && { return assert(!ok()), std::move(*std::get_if<1>(&held_)); }

 private:
  std::variant<T, Error> held_;
};

// A call that yields nothing but success: `Status s = f(); if (!s) return s.error();`
using Status = Result<Unit>;
inline Status ok_status() {
  return Unit{};
}

}  // namespace plumbline
