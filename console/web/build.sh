#!/bin/sh
# build.sh OUTPUT_FOLDER: the page into OUTPUT_FOLDER/dist and, embedded, into OUTPUT_FOLDER/assets.cpp.
# npm's packages go to console/web/node_modules, which all build folders share: one at a time, and only when the lock changed.
set -eu
output=$1
cd "$(dirname "$0")"
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
  echo "console/web: the console's page is built with node and npm, which are not there." >&2
  echo "    script/bootstrap installs them (Debian: nodejs npm); then build again." >&2
  exit 1
fi
if [ "$(node -p 'process.versions.node.split(".")[0] >= 18')" != true ]; then
  echo "console/web: node $(node -v) is too old; 18 or newer is needed (Debian 12 has 18)." >&2
  exit 1
fi
mkdir -p "$output" node_modules
(
  flock 9
  stamp=$(cat package.json package-lock.json | sha256sum)
  if [ "$(cat node_modules/.stamp 2>/dev/null)" != "$stamp" ]; then
    # The lock file must outlive npm's cleaning of node_modules, so it is not in there.
    npm ci --no-audit --no-fund --loglevel=error >"$output/npm.log" 2>&1 || {
      cat "$output/npm.log" >&2
      echo "console/web: npm ci failed; check the network and npm's settings (its log: $output/npm.log)" >&2
      exit 1
    }
    printf '%s\n' "$stamp" >node_modules/.stamp
  fi
) 9<package.json
npm run --silent build -- --outDir "$output/dist" --emptyOutDir --logLevel warn
node embed.mjs "$output/dist" "$output/assets.cpp" 250000
