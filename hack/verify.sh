#!/usr/bin/env bash
# Checks what golangci-lint does not: that the modules are tidy, the workflows valid, and the
# prose plain.
set -eu -o pipefail
cd "$(dirname "$0")/.."
for module in $(git ls-files '*go.mod' | xargs -n1 dirname); do
	(cd "$module" && go mod tidy -diff) || {
		echo "verify: $module/go.mod is not tidy, as shown: run go mod tidy there" >&2
		exit 1
	}
done
bin/actionlint
bin/vale --output=line README.md CONTRIBUTING.md SECURITY.md CHANGELOG.md docs internal/cli/testdata/help examples
git ls-files '*.go' | xargs bin/vale --output=line
