// What a server role gives up before it serves: starting programs. The cloud observes; nothing here may ever
// run anything, not even by a bug that lets an attacker's code run (seccomp(2), filter mode; inherited by
// every thread started later).
#pragma once
#include "core/result.h"

namespace plumbline::app {

// execve and execveat fail with EPERM from here on, in this thread and all that it starts: call it before any
// other thread exists. Fatal "seccomp" when the kernel refuses the filter. Does nothing in sanitizer builds,
// whose reports start a symbolizer, and on machines other than x86-64 and arm64.
Status deny_exec();

}  // namespace plumbline::app
