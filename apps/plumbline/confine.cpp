#include "apps/plumbline/confine.h"

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

namespace plumbline::app {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

#if defined(__x86_64__)
constexpr std::uint32_t kMachine = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kMachine = AUDIT_ARCH_AARCH64;
#else
constexpr std::uint32_t kMachine = 0;
#endif

// x86-64's second table of calls (x32) has its own numbers for both, with this bit set.
constexpr std::uint32_t kX32Bit = 0x40000000;

constexpr sock_filter load(std::uint32_t offset) {
  return {BPF_LD | BPF_W | BPF_ABS, 0, 0, offset};
}
// Goes on `yes` or `no` instructions further.
constexpr sock_filter equal(std::uint32_t value, std::uint8_t yes, std::uint8_t no) {
  return {BPF_JMP | BPF_JEQ | BPF_K, yes, no, value};
}
constexpr sock_filter at_least(std::uint32_t value, std::uint8_t yes, std::uint8_t no) {
  return {BPF_JMP | BPF_JGE | BPF_K, yes, no, value};
}
constexpr sock_filter answer(std::uint32_t action) {
  return {BPF_RET | BPF_K, 0, 0, action};
}

}  // namespace

Status deny_exec() {
  if (kSanitized || kMachine == 0) return ok_status();
  // A call by another machine's table (32-bit code on x86-64) would have other numbers: none is needed, so
  // all fail.
  sock_filter program[] = {
      load(offsetof(seccomp_data, arch)),
      equal(kMachine, 0, 5),
      load(offsetof(seccomp_data, nr)),
      at_least(kX32Bit, 3, 0),
      equal(SYS_execve, 2, 0),
      equal(SYS_execveat, 1, 0),
      answer(SECCOMP_RET_ALLOW),
      answer(SECCOMP_RET_ERRNO | EPERM),
  };
  const sock_fprog filter{sizeof program / sizeof program[0], program};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
    return fatal(
        "seccomp",
        std::string("the kernel refuses the filter that keeps this process from starting programs: ") +
            std::strerror(errno) + "; a container's profile must allow prctl");
  }
  return ok_status();
}

}  // namespace plumbline::app
