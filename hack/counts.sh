#!/usr/bin/env bash
# counts.sh adds up the tests of all JUnit files in _artifacts, and is the last
# line of `make test`.
set -eu -o pipefail
cd "$(dirname "$0")/../_artifacts"
count() { cat -- *.xml | { grep -c "$1" || true; }; }
total=$(count '<testcase ')
failed=$(count '<failure ')
skipped=$(count '<skipped ')
echo "$((total - failed - skipped)) passed, $failed failed, $skipped skipped"
