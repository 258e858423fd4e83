#!/usr/bin/env bash
# build.sh FOLDER builds kubectl-kbe as it is shipped, for GOOS and GOARCH, and as
# a release where VERSION and COMMIT are set. Builds of one commit are identical
# to the byte.
#
# Calls are inlined in Go's own packages alone: elsewhere it makes the program an
# eighth larger, and not quicker to start.
set -eu -o pipefail
folder=$(realpath "$1")
cd "$(dirname "$0")/.."
ldflags='-s -w'
vcs=
if [ -n "${VERSION:-}" ]; then
	cmd=github.com/kubectl-kbe/kubectl-kbe/internal/cli
	ldflags+=" -X $cmd.Version=$VERSION -X $cmd.Commit=$COMMIT"
	vcs=-buildvcs=false
fi
CGO_ENABLED=0 go build -trimpath $vcs -gcflags=all=-l -gcflags=std= -ldflags "$ldflags" -o "$folder/" ./cmd/kubectl-kbe
