#!/bin/sh
# Brings what a pom.xml names into a folder of .cache: fetch.sh [FOLDER_OF_POM INTO], the jars of a Kafka broker for
# tests into .cache/kafka without words. Safe to run again: does nothing when they are there.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
pom=$(cd "${1:-$here}" && pwd)/pom.xml
name=${2:-.cache/kafka}
target=$root/$name
stamp="$target/.complete"
if [ -f "$stamp" ] && cmp -s "$pom" "$stamp"; then
  exit 0
fi
echo "$name: resolving jars (about 60 MB, once)"
mkdir -p "$target"
rm -f "$target"/*.jar "$stamp"
mvn --batch-mode --quiet --file "$pom" dependency:copy-dependencies \
  -DincludeScope=runtime "-DoutputDirectory=$target" &
maven=$!
trap 'kill "$maven" 2>/dev/null || true' INT TERM
while kill -0 "$maven" 2>/dev/null; do
  sleep 2
  printf '\r%s: %s jars' "$name" "$(find "$target" -name '*.jar' | wc -l)"
done
printf '\n'
wait "$maven"
cp "$pom" "$stamp"
echo "$name: $(find "$target" -name '*.jar' | wc -l) jars"
