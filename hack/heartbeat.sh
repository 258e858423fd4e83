#!/usr/bin/env bash
# heartbeat.sh WHAT COMMAND… runs the command and, while it prints nothing, says
# every five seconds that it is still at work: a compiler can be silent for minutes.
set -eu -o pipefail
what=$1
shift
start=$SECONDS
stamp=$(mktemp)
trap 'rm -f "$stamp"; kill "$ticker" 2>/dev/null || true' EXIT
(
	while sleep 5 >/dev/null 2>&1; do
		# The command's output touches the stamp.
		[ "$(($(date +%s) - $(stat -c %Y "$stamp" 2>/dev/null || echo 0)))" -lt 5 ] ||
			echo "   $what … $((SECONDS - start)) s"
	done
) &
ticker=$!
"$@" 2>&1 | while IFS= read -r line; do
	printf '%s\n' "$line"
	touch "$stamp"
done
