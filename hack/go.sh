#!/usr/bin/env bash
# go.sh COMMAND ARG… runs `go COMMAND ARG…` with the flags that kubectl-kbe is built
# with, for make, the e2e tests and goreleaser alike. Builds of one commit are
# identical to the byte.
#
# Calls are inlined in Go's own packages alone: elsewhere it makes the program an
# eighth larger, and not quicker to start.
set -eu
CGO_ENABLED=0 exec go "$1" -trimpath -gcflags=all=-l -gcflags=std= "${@:2}"
