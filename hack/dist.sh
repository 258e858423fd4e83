#!/usr/bin/env bash
# dist.sh [OS/ARCH…] makes what a release consists of, in dist/: an archive and an
# SBOM for each platform, their checksums, and the krew manifest. Two runs for one
# commit are identical to the byte, whatever the folder.
set -eu -o pipefail
cd "$(dirname "$0")/.."
VERSION=$(sed -n 's/^  version: //p' plugin.yaml)
COMMIT=$(git rev-parse HEAD)
export VERSION COMMIT
stamp=$(git log -1 --format=%ct)
platforms=("$@")
[ ${#platforms[@]} -gt 0 ] || platforms=(linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64)
rm -rf dist
mkdir dist
for platform in "${platforms[@]}"; do
	export GOOS=${platform%/*} GOARCH=${platform#*/}
	name=kubectl-kbe_${GOOS}_$GOARCH
	folder=$(mktemp -d)
	hack/heartbeat.sh "building $name" hack/build.sh "$folder"
	bin/cyclonedx-gomod bin -json -std -noserial -notimestamp -version "$VERSION" -output "dist/$name.cdx.json" "$folder"/kubectl-kbe* 2>"$folder.log" || {
		cat "$folder.log" >&2
		exit 1
	}
	cp LICENSE bin/THIRD_PARTY_LICENSES "$folder/"
	chmod 0644 "$folder"/*LICENSE*
	tar -C "$folder" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$stamp" -cf - . | gzip -9n >"dist/$name.tar.gz"
	rm -r "$folder" "$folder.log"
done
hack/krew-manifest.sh dist >dist/plugin.yaml
cd dist
sha256sum -- *.tar.gz *.cdx.json | tee checksums.txt
