#!/usr/bin/env bash
# The steps of action.yml. `action.sh run` builds the plugin and runs it with the arguments in
# $KBE_ARGS: failures become annotations, and the report the summary of the job. `action.sh
# cleanup` deletes what a run that was killed left.
set -eu -o pipefail
plugin=${RUNNER_TEMP:-/tmp}/kubectl-kbe
case $1 in
run)
	(cd "$(dirname "$0")/.." && hack/go.sh build -o "$plugin" ./cmd/kubectl-kbe)
	read -ra args <<<"$KBE_ARGS"
	report=$(mktemp)
	"$plugin" "${args[@]}" -o github --report-file "markdown=$report" &
	run=$!
	# A job that is cancelled signals this shell only. The signal ends a wait, and the run
	# then still has to clean up.
	trap 'kill -TERM "$run"' INT TERM
	code=0
	wait "$run" || code=$?
	while kill -0 "$run" 2>/dev/null; do
		code=0
		wait "$run" || code=$?
	done
	cat "$report" >>"$GITHUB_STEP_SUMMARY"
	exit $code
	;;
cleanup)
	"$plugin" cleanup
	;;
esac
