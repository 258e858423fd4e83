#!/usr/bin/env bash
# Checks what no linter does: that the modules are tidy, and the workflows right.
set -eu -o pipefail
cd "$(dirname "$0")/.."
for module in . cluster docs/conformance-module hack/tools hack/release; do
	(cd "$module" && go mod tidy -diff) || {
		echo "verify: $module/go.mod is not tidy, as shown: run go mod tidy there" >&2
		exit 1
	}
done
bin/actionlint
