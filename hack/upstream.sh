#!/usr/bin/env bash
# upstream.sh runs specs of Kubernetes itself, built at the cluster's version, on a
# cluster of its own, and lists each with its outcome: the conformance specs of pods,
# of the network, and of volumes that need no storage, and the specs of NetworkPolicies
# that cover the most of them. upstream-left-out.tsv has the specs that are left out,
# each with what the cluster lacks.
# $KUBERNETES selects another version than the newest, $FOCUS other specs.
# _artifacts/upstream gets the log and the JUnit file.
set -eu -o pipefail
cd "$(dirname "$0")/.."
report=$PWD/_artifacts/upstream
version=(--kubernetes "${KUBERNETES-}")
# As grep -E and ginkgo have it.
FOCUS=${FOCUS:-'\[sig-node\] (ConfigMap|Container|Downward|Ephemeral|ImageVolume|InitContainer|Kubelet|Pod|PreStop|Probing|RuntimeClass|Secrets|Security|Sysctls|Variable).*\[Conformance\]|\[sig-network\].*\[Conformance\]|\[sig-storage\] (ConfigMap|Downward|EmptyDir|Projected|Secrets).*\[Conformance\]|\[sig-network\] Netpol .*(default-deny-all|updated pod|one named port|except clause|using UDP should enforce policy based on Ports)'}

# A command of its own for each, so that a failed build ends the script.
parts=$(bin/kbe-cluster build "${version[@]}" | tail -n 1)
built=$(bin/kbe-cluster upstream "${version[@]}")
mapfile -t built <<<"$built"

specs=$("${built[0]}/e2e.test" --list-tests | sed -n 's/^ *[^ ]*:[0-9]*: //p' | sort)
skip=()
left_out=
while IFS=$'\t' read -r spec reason; do
	found=$(grep -E "$spec" <<<"$specs") || {
		echo "hack/upstream-left-out.tsv: expected a spec that matches '$spec', found none; delete the line" >&2
		exit 1
	}
	skip+=(--skip="$spec")
	found=$(grep -E "$FOCUS" <<<"$found") || continue
	while read -r name; do left_out+="left out  $name: $reason"$'\n'; done <<<"$found"
done < <(grep -v '^#' hack/upstream-left-out.tsv)

name=upstream-$$
work=$(mktemp -d)
export KUBECONFIG=$work/kubeconfig
trap 'bin/kbe-cluster down --name "$name"; rm -r "$work"' EXIT
bin/kbe-cluster up --name "$name" --nodes 2 --network-policy "${version[@]}"
for archive in "${built[@]:1}"; do bin/kbe-cluster load --name "$name" "$archive"; done

rm -rf "$report"
mkdir -p "$report"
code=0
# shellcheck disable=SC2016
hack/heartbeat.sh 'specs of Kubernetes' bash -c '"$@" >"$0" 2>&1' "$report/log" "${built[0]}/ginkgo" --procs=6 --no-color --succinct --timeout=2h --fail-on-empty \
	--focus="$FOCUS" "${skip[@]}" "${built[0]}/e2e.test" -- \
	--provider=skeleton --kubeconfig="$KUBECONFIG" --kubectl-path="$parts/kubectl" --report-dir="$report" || code=$?
# A spec that the focus leaves out took no time at all; one that skips itself did.
outcomes=$(sed -n '/status="skipped" time="0"/d; s/&#39;/'"'"'/g; s/&#34;/"/g
	s/.*<testcase name="\[It\] \(.*\)" classname=.* status="\([a-z]*\)" time="\([0-9]*\).*/\2 \3s \1/p' "$report"/junit_*.xml | sort -k 3)
echo "$outcomes"
printf '%s' "$left_out"
count() { grep "${@:2}" <<<"$1" || true; }
echo "$(count "$outcomes" -c '^passed ') passed, $(count "$outcomes" -vc '^passed \|^skipped ') failed," \
	"$(count "$outcomes" -c '^skipped ') skipped themselves, $(count "$left_out" -c '^left out ') left out; see _artifacts/upstream/log"
exit $code
