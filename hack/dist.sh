#!/usr/bin/env bash
# dist.sh [OS/ARCH…] builds the plugin's archives into dist/ and writes
# dist/plugin.yaml, the krew manifest with their checksums. Two builds of one
# commit are identical to the byte.
set -eu -o pipefail
cd "$(dirname "$0")/.."
version=$(sed -n 's/^  version: //p' plugin.yaml)
stamp=$(git log -1 --format=%ct)
commit=$(git rev-parse HEAD)
platforms=("$@")
[ ${#platforms[@]} -gt 0 ] || platforms=(linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64)
mkdir -p dist
cp plugin.yaml dist/plugin.yaml
for platform in "${platforms[@]}"; do
	os=${platform%/*} arch=${platform#*/}
	suffix=
	[ "$os" != windows ] || suffix=.exe
	archive=kubectl-kbe_${os}_$arch.tar.gz
	folder=$(mktemp -d)
	CGO_ENABLED=0 GOOS=$os GOARCH=$arch hack/heartbeat.sh "building $archive" go build -trimpath -buildvcs=false \
		-ldflags "-s -w -X github.com/kubectl-kbe/kubectl-kbe/pkg/cmd.Version=$version -X github.com/kubectl-kbe/kubectl-kbe/pkg/cmd.Commit=$commit" -o "$folder/kubectl-kbe$suffix" ./cmd/kubectl-kbe
	cp LICENSE "$folder/"
	chmod 0755 "$folder/kubectl-kbe$suffix"
	chmod 0644 "$folder/LICENSE"
	tar -C "$folder" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$stamp" -cf - . | gzip -9n >"dist/$archive"
	rm -r "$folder"
	sum=$(sha256sum "dist/$archive" | cut -d ' ' -f 1)
	sed -i "s|sha256: .* # $archive\$|sha256: \"$sum\"|" dist/plugin.yaml
	echo "$sum  $archive"
done
