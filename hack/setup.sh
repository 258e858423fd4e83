#!/usr/bin/env bash
# Installs the Debian packages that the cluster, the images and the tests need
# and that are missing, and says which. Quick where nothing is missing.
set -eu -o pipefail

if ! command -v go >/dev/null; then
	echo "setup: Go is missing: install Go 1.26 or later (https://go.dev/doc/install)" >&2
	exit 3
fi

# package:program that shows that it is there. gcc is for `go test -race`.
needed=(runc:runc iptables:iptables nftables:nft mmdebstrap:mmdebstrap gcc:gcc libc6-dev:/usr/include/stdlib.h ca-certificates:/etc/ssl/certs/ca-certificates.crt libxml2-utils:xmllint)
missing=()
export PATH=$PATH:/usr/sbin:/sbin
for entry in "${needed[@]}"; do
	program=${entry#*:}
	[ -e "$program" ] || command -v "$program" >/dev/null || missing+=("${entry%%:*}")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if ! command -v apt-get >/dev/null; then
	echo "setup: these are missing, and there is no apt-get to install them: ${missing[*]}" >&2
	exit 3
fi
if [ "$(id -u)" -ne 0 ]; then
	echo "setup: these Debian packages are missing: ${missing[*]}; run as root: apt-get install ${missing[*]}" >&2
	exit 3
fi
echo "setup: installing the Debian packages ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -q -y --no-install-recommends "${missing[@]}"
