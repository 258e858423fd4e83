#!/usr/bin/env bash
# licenses.sh prints the licences and notices of Go and of the modules that are
# linked into kubectl-kbe on any platform: what has to be passed on with it. It
# fails for a module that has none, or one that is not to be passed on.
set -eu -o pipefail
cd "$(dirname "$0")/.."
GOROOT=$(go env GOROOT)
export GOROOT GOARCH=amd64 # go-licenses tells Go's own packages by GOROOT
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder" && rm -rf "$folder"' EXIT
mkdir -p "$folder/all/Go"
cp "$GOROOT/LICENSE" "$folder/all/Go/"
for GOOS in linux darwin windows; do
	export GOOS
	bin/go-licenses save ./cmd/kubectl-kbe --ignore github.com/kubectl-kbe --save_path "$folder/$GOOS" 2>"$folder/log" || {
		cat "$folder/log" >&2
		exit 1
	}
	cp -R "$folder/$GOOS/." "$folder/all/"
	chmod -R u+w "$folder"
done
cd "$folder/all"
find . -type f | LC_ALL=C sort | while IFS= read -r file; do
	printf '==== %s ====\n\n' "${file#./}"
	cat "$file"
	printf '\n\n'
done
