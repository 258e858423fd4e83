#!/usr/bin/env bash
# cast.sh KUBECONFIG records `kubectl kbe pods single-pod` on an 80×24 terminal, and writes it
# to docs/pods.svg. It needs asciinema (a package of Debian) and npx, for svg-term.
set -eu -o pipefail
cd "$(dirname "$0")/.."
export KUBECONFIG=$1 PATH=$PWD/bin:$PATH
cast=$(mktemp --suffix .cast)
trap 'rm -f "$cast"' EXIT
# Two seconds at the end: the picture begins again after them.
# shellcheck disable=SC2016 # the shell in the recording expands it
asciinema rec --quiet --overwrite --cols 80 --rows 24 --command \
	'bash -c '\''printf "$ kubectl kbe pods single-pod\n"; kubectl kbe pods single-pod; sleep 2'\' "$cast"
npx --yes svg-term-cli --in "$cast" --out docs/pods.svg --window --width 80 --height 24
