#!/usr/bin/env bash
# licenses.sh prints the licences and notices of Go and of the modules that are
# linked into kubectl-kbe on any platform: what has to be passed on with it. It
# fails for a module that has none.
set -eu -o pipefail
shopt -s nullglob nocaseglob extglob
cd "$(dirname "$0")/.."

packages() { # each with its module, both with their folders
	for GOOS in linux darwin windows; do
		GOOS=$GOOS GOARCH=amd64 go list -deps -f '{{$p := .}}{{with .Module}}{{if not .Main}}{{.Path}}	{{.Dir}}	{{$p.Dir}}{{end}}{{end}}' ./cmd/kubectl-kbe
	done | sort -u
}

files() { # a package's licence is in its folder, or in one above
	printf 'Go/LICENSE\t%s/LICENSE\n' "$(go env GOROOT)"
	packages | while IFS=$'\t' read -r module root folder; do
		while :; do
			for file in "$folder"/@(licen[cs]e|copying|notice)*; do
				[[ $file == *.go ]] || printf '%s\t%s\n' "$module${file#"$root"}" "$file"
			done
			[ "$folder" != "$root" ] || break
			folder=${folder%/*}
		done
	done | sort -u
}

list=$(files)
for module in $(packages | cut -f 1 | uniq); do
	grep -q "^$module/[^	]*licen[cs]e\|^$module/[^	]*copying" -i <<<"$list" || {
		echo "licenses: $module has no licence" >&2
		exit 1
	}
done
while IFS=$'\t' read -r name file; do
	printf '==== %s ====\n\n' "$name"
	cat "$file"
	printf '\n\n'
done <<<"$list"
