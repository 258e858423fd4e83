#!/usr/bin/env bash
# gotest.sh NAME MODULE FORMAT ARG… runs `go test ARG…` in a module through
# gotestsum, and writes the JUnit file _artifacts/NAME.xml, which counts.sh reads.
set -eu -o pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
name=$1 module=$2 format=$3
shift 3
mkdir -p "$top/_artifacts"
echo "== $name"
cd "$top/$module"
exec "$top/hack/heartbeat.sh" "$name" "$top/bin/gotestsum" --format "$format" --junitfile "$top/_artifacts/$name.xml" -- "$@"
