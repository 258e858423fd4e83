#!/usr/bin/env bash
# upstream.sh runs conformance specs of Kubernetes itself, built at the cluster's
# version, on a cluster of its own, and lists each with its outcome: all of
# sig-node on pods, and those of sig-network on the way to and between pods.
# $KUBERNETES selects another version than the newest, $FOCUS other specs.
# _artifacts/upstream gets the log and the JUnit file.
set -eu -o pipefail
cd "$(dirname "$0")/.."
report=$PWD/_artifacts/upstream
version=(--kubernetes "${KUBERNETES-}")
FOCUS=${FOCUS:-'\[sig-node\] (Container|Downward|Ephemeral|InitContainer|Kubelet|Pod|PreStop|Probing|RuntimeClass|Security|Sysctls|Variable)|\[sig-network\] (HostPort|Networking Granular Checks: Pods)'}
# Needs a registry to pull from: with the pull policy Always, what the nodes have does not do.
skip='ImageVolume'

# A command of its own for each, so that a failed build ends the script.
parts=$(bin/kbe-cluster build "${version[@]}" | tail -n 1)
built=$(bin/kbe-cluster upstream "${version[@]}")
mapfile -t built <<<"$built"

name=upstream-$$
work=$(mktemp -d)
export KUBECONFIG=$work/kubeconfig
trap 'bin/kbe-cluster down --name "$name"; rm -r "$work"' EXIT
bin/kbe-cluster up --name "$name" --nodes 2 "${version[@]}"
for archive in "${built[@]:1}"; do bin/kbe-cluster load --name "$name" "$archive"; done

rm -rf "$report"
mkdir -p "$report"
code=0
# shellcheck disable=SC2016
hack/heartbeat.sh 'conformance specs of Kubernetes' bash -c '"$@" >"$0" 2>&1' "$report/log" "${built[0]}/ginkgo" --procs=6 --no-color --succinct --timeout=2h --fail-on-empty \
	--focus="($FOCUS).*\[Conformance\]" --skip="$skip" "${built[0]}/e2e.test" -- \
	--provider=skeleton --kubeconfig="$KUBECONFIG" --kubectl-path="$parts/kubectl" --report-dir="$report" || code=$?
# A spec that the focus leaves out took no time at all; one that skips itself did.
outcomes=$(sed -n '/status="skipped" time="0"/d; s/&#39;/'"'"'/g; s/&#34;/"/g
	s/.*<testcase name="\[It\] \(.*\)" classname=.* status="\([a-z]*\)" time="\([0-9]*\).*/\2 \3s \1/p' "$report"/junit_*.xml | sort -k 3)
echo "$outcomes"
echo "$(grep -c '^passed ' <<<"$outcomes") passed, $(grep -vc '^passed ' <<<"$outcomes") not; see _artifacts/upstream/log"
exit $code
