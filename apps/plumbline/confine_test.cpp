#include "apps/plumbline/confine.h"

#include <cerrno>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace plumbline::app {
namespace {

int exit_of_child(int (*body)()) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int start_a_program() {
  char path[] = "/bin/true";
  char* arguments[] = {path, nullptr};
  execve(path, arguments, nullptr);
  return errno == EPERM ? 7 : 8;
}

TEST(Confine, NoProgramStartsAndAllElseGoesOn) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "off in sanitizer builds";
#endif
  EXPECT_EQ(exit_of_child(start_a_program), 0) << "/bin/true, while nothing is denied";
  EXPECT_EQ(exit_of_child([] { return deny_exec() ? start_a_program() : 9; }), 7);
  EXPECT_EQ(exit_of_child([] {
              if (!deny_exec()) return 9;
              char path[] = "/bin/true";
              char* arguments[] = {path, nullptr};
              fexecve(0, arguments, nullptr);  // execveat where the C library has it
              return getpid() > 0 && errno != 0 ? 7 : 8;
            }),
            7);
}

}  // namespace
}  // namespace plumbline::app
