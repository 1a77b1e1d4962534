# Shared by the scripts beside it; sourced, not run. Sets $root and works from there.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

say() { printf '%s\n' "==> $*"; }
note() { printf '    %s\n' "$*"; }
fail() {
  printf '%s\n' "$(basename "$0"): $1" >&2
  shift
  for line in "$@"; do printf '    %s\n' "$line" >&2; done
  exit 1
}

# Runs quietly into a log; its end is shown when it fails. with_log LOG FIX command...
with_log() {
  local log=$1 fix=$2
  shift 2
  mkdir -p "$(dirname "$log")"
  "$@" >"$log" 2>&1 </dev/null && return 0
  tail -n 30 "$log" >&2
  fail "failed: $*" "the whole of its output: $log" "$fix"
}

# Runs as root: directly, or through sudo where that is there.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo --preserve-env=DEBIAN_FRONTEND,http_proxy,https_proxy,no_proxy "$@"
  else
    fail "this step needs root" "run script/bootstrap as root once, or install sudo"
  fi
}

# Configures once and builds: build_preset PRESET [target...]. Shows a line of progress on a terminal, else steps.
build_preset() {
  local preset=$1
  shift
  local build=$root/build/$preset
  if [ ! -f "$build/build.ninja" ]; then
    say "configure ($preset)"
    with_log "$build/configure.log" "script/bootstrap installs what the build needs" cmake --preset "$preset"
  fi
  say "build ($preset): the first time takes some minutes, later only what changed"
  local targets=()
  for target in "$@"; do targets+=(--target "$target"); done
  if [ -t 1 ]; then
    cmake --build "$build" "${targets[@]}" || fail "the build failed" "the first error above says where"
  else
    with_log "$build/build.log" "the first error in it says where" cmake --build "$build" "${targets[@]}"
  fi
}
