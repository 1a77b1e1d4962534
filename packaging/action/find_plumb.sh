#!/usr/bin/env bash
# Step of action.yml: which plumb to run. The input's, else the one on PATH, else one built from the action's
# own source (Debian and Ubuntu: script/bootstrap installs what that takes).
set -euo pipefail

plumb=${INPUT_PLUMB:-}
if [ -z "$plumb" ]; then plumb=$(command -v plumb || true); fi
if [ -z "$plumb" ]; then
  cd "$ACTION_PATH"
  script/bootstrap
  cmake --preset release -DPLUMBLINE_TESTS=OFF -DPLUMBLINE_BENCH=OFF -DPLUMBLINE_PAGE=OFF
  cmake --build build/release --target plumb
  plumb=$ACTION_PATH/build/release/bin/plumb
fi
if ! "$plumb" --version; then
  echo "::error title=plumb::$plumb can't be run; leave the input plumb empty to have it built"
  exit 2
fi
echo "plumb=$plumb" >>"$GITHUB_OUTPUT"
