#!/usr/bin/env bash
# vuln.sh looks for known vulnerabilities in the code that the plugin and
# kbe-cluster reach. The database is the one that hack/vuln/go.mod pins, so that
# it needs no network; VULN_DB=https://vuln.go.dev asks for today's.
set -eu -o pipefail
cd "$(dirname "$0")/.."
db=${VULN_DB:-}
if [ -z "$db" ]; then
	folder=$(mktemp -d)
	trap 'rm -rf "$folder"' EXIT
	bin/indexdb -vulns "$(cd hack/vuln && go list -m -f '{{.Dir}}' golang.org/x/vulndb)/data/osv" -out "$folder"
	db=file://$folder
fi
failed=0
for module in . cluster; do
	echo "== vulnerabilities: $module"
	bin/govulncheck -C "$module" -db "$db" ./... || failed=1
done
exit $failed
