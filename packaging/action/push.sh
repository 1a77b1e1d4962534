#!/usr/bin/env bash
# Step of action.yml: plumb push, or verify, over what the inputs name. Inputs come by the environment, never
# as text of a script, so that a file's name can't become a command.
set -euo pipefail
shopt -s globstar nullglob
IFS=  # a name with spaces is one name

files=()
while IFS= read -r pattern; do
  pattern=${pattern%$'\r'}
  [ -n "${pattern// /}" ] || continue
  if [ -e "$pattern" ]; then
    files+=("$pattern")
    continue
  fi
  # shellcheck disable=SC2206  # a shell pattern
  found=($pattern)
  if [ ${#found[@]} -eq 0 ]; then
    echo "::error title=plumb::nothing is there for $pattern"
    exit 2
  fi
  files+=("${found[@]}")
done <<<"${INPUT_FILES:-}"
if [ ${#files[@]} -eq 0 ]; then
  echo "::error title=plumb::the input files is empty"
  exit 2
fi
options=()
while IFS= read -r word; do
  word=${word%$'\r'}
  [ -z "$word" ] || options+=("$word")
done <<<"${INPUT_OPTIONS:-}"

code=0
if [ "${INPUT_VERIFY_ONLY:-false}" = true ]; then
  "$PLUMB" verify "${options[@]}" -- "${files[@]}" || code=$?
else
  "$PLUMB" push "${options[@]}" -- "${files[@]}" || code=$?
fi
echo "exit-code=$code" >>"$GITHUB_OUTPUT"
if [ "$code" -ne 0 ] && [ "${INPUT_ALLOW_FAILURE:-false}" = true ]; then
  echo "::warning title=plumb::plumb ended with $code; the job goes on, as allow-failure says"
  exit 0
fi
exit "$code"
