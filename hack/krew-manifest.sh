#!/usr/bin/env bash
# krew-manifest.sh FOLDER prints plugin.yaml with the checksums of the archives in
# a folder. In the tree they are zero: no file can hold the checksum of an archive
# that is built from the same commit.
set -eu -o pipefail
manifest=$(dirname "$0")/../plugin.yaml
folder=$1
fill=()
for archive in "$folder"/kubectl-kbe_*.tar.gz; do
	sum=$(sha256sum "$archive" | cut -d ' ' -f 1)
	fill+=(-e "s|sha256: .* # ${archive##*/}\$|sha256: \"$sum\"|")
done
sed "${fill[@]}" -e '/^#/d' "$manifest"
