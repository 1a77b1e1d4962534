#!/bin/sh
# Brings the jars of a Kafka broker for tests into .cache/kafka. Safe to run again: does nothing when they are there.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
target="$root/.cache/kafka"
stamp="$target/.complete"
if [ -f "$stamp" ] && cmp -s "$here/pom.xml" "$stamp"; then
  exit 0
fi
echo "kafka: resolving the broker's jars (about 42 MB, once)"
mkdir -p "$target"
rm -f "$target"/*.jar "$stamp"
mvn --batch-mode --quiet --file "$here/pom.xml" dependency:copy-dependencies \
  -DincludeScope=runtime "-DoutputDirectory=$target" &
maven=$!
trap 'kill "$maven" 2>/dev/null || true' INT TERM
while kill -0 "$maven" 2>/dev/null; do
  sleep 2
  printf '\rkafka: %s jars' "$(find "$target" -name '*.jar' | wc -l)"
done
printf '\n'
wait "$maven"
cp "$here/pom.xml" "$stamp"
echo "kafka: $(find "$target" -name '*.jar' | wc -l) jars in .cache/kafka"
