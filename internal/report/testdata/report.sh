#!/usr/bin/env bash
# Pods: the commands of `kubectl kbe pods`, for bash and any kubectl. The claims follow each command.
# The script runs on the cluster of the current context, in a new namespace, which it deletes at the end.
# It stops at the first command that fails. It does not check the claims. To use another kubectl, set $KUBECTL.
# Generated from a run on Kubernetes v1.37.2: 1 of 5 claims hold, 2 failed, 2 not checked.
set -euo pipefail

namespace=kbe-pods-$(od -An -N3 -tx1 /dev/urandom | tr -dc 0-9a-f)

# say TEXT: what the page says before a command.
say() { printf '\n%s\n' "$1"; }

kubectl() { command "${KUBECTL:-kubectl}" --namespace "$namespace" "$@"; }

# within SECONDS COMMAND…: retries a command until it succeeds, for at most so long.
within() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.5
  done
}

# No matching line is no failure.
grep() { command grep "$@" || true; }

# ip_of POD INDEX: one of the pod's addresses, which differ from run to run.
ip_of() { kubectl get pod "$1" -o "jsonpath={.status.podIPs[$2].ip}"; }

dir=$(mktemp -d)
cleanup() {
  trap - EXIT
  "${KUBECTL:-kubectl}" delete namespace "$namespace" --ignore-not-found
  rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

"${KUBECTL:-kubectl}" create namespace "$namespace"
# Without its default service account, a namespace accepts no pods.
within 30 kubectl get serviceaccount default >"$dir/account" 2>&1
# A relative KUBECONFIG must still be found after the change of folder.
case ${KUBECONFIG:-/} in /*) ;; *) export KUBECONFIG=$PWD/$KUBECONFIG ;; esac
cd "$dir"

say '── A single pod ──'

say 'One command starts a pod. Its image serves a small HTTP API on port 9876, which is what the page uses.'
kubectl run sise --image=mhausenblas/simpleservice:0.5.0 --port=9876
# ✓ The pod runs

say 'It answers.'
within 90 kubectl exec client -- curl -sS --max-time 10 -H 'Host: a name with spaces' "$(ip_of sise 0)":9876/info
# ✗ It is version 0.5.0, and this claim is so long that it does not fit on one line of a terminal
# ✗ It has a name

say '── Two containers in one pod ──'

cat >pod.yaml <<'END'
kind: Pod
END
kubectl create -f pod.yaml
# – one
# – two

say 'It would be deleted.'
# Skipped, because an earlier step failed.
