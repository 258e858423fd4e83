#!/usr/bin/env bash
# Checks what no linter does: tidy modules, and that the tree is as generated.
set -eu -o pipefail
cd "$(dirname "$0")/.."
for module in . cluster images hack/tools; do
	(cd "$module" && go mod tidy -diff >/dev/null) || {
		echo "verify: $module/go.mod is not tidy: run go mod tidy there" >&2
		exit 1
	}
done
