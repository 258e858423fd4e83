#!/usr/bin/env bash
# Pods: the commands and claims of `kubectl kbe pods`, for bash and any kubectl.
# It works in a namespace of its own, which it deletes at the end, on the cluster of the current context.
# Exit codes: 0 the claims hold, 1 one failed, 3 could not run. $KUBECTL names another kubectl.
# Made from a run on Kubernetes v1.37.2, in which 1 of 5 claims hold, 2 failed, 2 not checked.
set -u
export LC_ALL=C

run_id=$(od -An -N3 -tx1 /dev/urandom | tr -dc 0-9a-f)
namespace=kbe-pods-$run_id
image_shell=centos:9
image_simpleservice=mhausenblas/simpleservice:0.5.0

# What follows are the tools of this script; the story begins below them.

anywhere() { command "${KUBECTL:-kubectl}" "$@"; }
kubectl() { anywhere --namespace "$namespace" "$@"; }

# step COMMAND…: shows and runs a command, and leaves what it printed in $stdout
# and $stderr, and its code in $exit_code. $show is a pattern of lines to show. A
# command that fails is run again for $within seconds.
step() {
  local end=$((SECONDS + ${within:-0}))
  printf '\n$ %s\n' "$*"
  while true; do
    "$@" >"$dir/stdout" 2>"$dir/stderr" </dev/null
    exit_code=$?
    [ "$exit_code" != 0 ] && [ "$SECONDS" -lt "$end" ] || break
    sleep 0.3
  done
  # The x keeps the line breaks at the end, which $() would take away.
  stdout=$(tr -d '\000' <"$dir/stdout"; echo x)
  stdout=${stdout%x}
  stderr=$(tr -d '\000' <"$dir/stderr"; echo x)
  stderr=${stderr%x}
  grep -E -e "${show:-}" "$dir/stdout"
  cat "$dir/stderr" >&2
  return "$exit_code"
}

# broken: a command could not do its work; its scenario ends.
broken() {
  echo '✗ This command could not do its work: the rest of this scenario is not checked.'
  stopped=$((stopped + 1))
}

# check CLAIM EXPRESSION FUNCTION [SECONDS]: decides a claim, which may take a
# moment to become true.
check() {
  local end=$((SECONDS + ${4:-0}))
  until "$3" 2>"$dir/why"; do
    if [ "$SECONDS" -ge "$end" ]; then
      printf '✗ %s\n    expected: %s\n' "$1" "$2"
      sed 's/^/    /' "$dir/why"
      failed=$((failed + 1))
      return
    fi
    sleep 0.3
  done
  printf '✓ %s\n' "$1"
  held=$((held + 1))
}

# skip CLAIM: a claim that bash cannot decide.
skip() {
  printf '– not translated: %s\n' "$1"
  untranslated=$((untranslated + 1))
}

# The readers print what a JSONPath finds in an object: nothing where there is
# no such field. kubectl itself is the parser of JSON here.
read_pod() { kubectl get pod "$1" -o "jsonpath={$2}"; }
read_pods() { kubectl get pods --selector "$1" -o "jsonpath={$2}"; }
read_events() { kubectl get events --field-selector "involvedObject.name=$1" -o "jsonpath={$2}"; }
read_json() {
  printf '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "value": %s}' "$1" |
    kubectl create --dry-run=client --validate=false -f - -o "jsonpath={$2}"
}

# value READER ARGUMENT PATH: prints a field, and fails where there is none.
value() {
  local found
  found=$("$@") || return 1
  [ -n "$found" ] || { echo "$1 $2: found no $3" >&2; return 1; }
  printf '%s' "$found"
}
present() { value "$@" >/dev/null; }
absent() {
  local found
  found=$("$@") && [ -z "$found" ]
}
# size READER ARGUMENT PATH: counts the elements of a list.
size() {
  local found
  found=$("$1" "$2" "range $3[*]}x{end") || return 1
  echo "${#found}"
}

line() { awk -v n="$1" 'NR == n + 1 { print; found = 1 } END { exit !found }' <<<"$2"; }
lower() { printf '%s' "$1" | tr '[:upper:]' '[:lower:]'; }
matches() { printf '%s\n' "$1" | grep -Eq -e "$2"; }
matches_whole() { [[ $1 =~ $2 ]]; }
ip_family() {
  local octet='(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])'
  if [[ $1 =~ ^$octet(\.$octet){3}$ ]]; then
    echo 4
  elif [[ $1 == *:*:* && $1 =~ ^[0-9A-Fa-f:.]+$ ]]; then
    echo 6
  else
    echo "found no IP address: $1" >&2
    return 1
  fi
}
hostport() { [[ $1 == *:* ]] && printf '[%s]:%s' "$1" "$2" || printf '%s:%s' "$1" "$2"; }
is_loopback() { ip_family "$1" >/dev/null && [[ $1 == 127.* || $1 == ::1 ]]; }
not_loopback() { ip_family "$1" >/dev/null && ! is_loopback "$1"; }

stopped=0 held=0 failed=0 untranslated=0
dir=$(mktemp -d) || exit 3
exec 3>&1
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

cleanup() {
  trap - EXIT
  # A second to end is enough for these pods; their namespace would give them 30.
  kubectl delete pods --all --grace-period=1 --wait=false >/dev/null 2>&1
  # A signal may come while a step's output goes to a file.
  anywhere delete namespace "$namespace" --ignore-not-found >&3
  rm -rf "$dir"
}

anywhere create namespace "$namespace" || exit 3
anywhere label namespace "$namespace" "kubectl-kbe.github.io/run=$run_id" app.kubernetes.io/managed-by=kubectl-kbe >/dev/null
tries=0
# Without its default service account, a namespace takes no pods.
until kubectl get serviceaccount default >/dev/null 2>&1; do
  tries=$((tries + 1))
  [ "$tries" -lt 100 ] || { echo 'found no service account "default": is the controller manager running?' >&2; exit 3; }
  sleep 0.3
done


scenario_1() {
printf '\n── %s ──\n' 'A single pod'

# One command starts a pod. Its image serves a small HTTP API on port 9876, which is what the page uses.
step kubectl run sise --image="$image_simpleservice" --port=9876 || { broken; return; }
claim_1() { v1=$(value read_pod sise .status.phase) && [ "$v1" = Running ]; }
check 'The pod runs' \
  'pod("sise").status.phase == "Running"' claim_1 90

# It answers.
v2=$(value read_pod sise .status.podIP) || { broken; return; }
step kubectl exec client -- curl -sS --max-time 10 -H 'Host: a name with spaces' "$v2":9876/info || { broken; return; }
claim_2() { v3=$(value read_json "$stdout" .value.version) && [ "$v3" = 0.5.0 ]; }
check 'It is version 0.5.0, and this claim is so long that it does not fit on one line of a terminal' \
  'json(stdout).version == "0.5.0"' claim_2
# not translated: It has a name
skip 'It has a name'
}

scenario_2() {
printf '\n── %s ──\n' 'Two containers in one pod'

cat >"$dir"/pod.yaml <<'END'
kind: Pod
END
step kubectl create -f "$dir"/pod.yaml || { broken; return; }
claim_3() { [ "$stdout" = '' ]; }
check one \
  'stdout == ""' claim_3
# not translated: two
skip two

# It would be deleted.
step kubectl delete pod a || { broken; return; }
}

scenario_1
scenario_2

printf '\n%s\n' "$held claims hold, $failed failed, $untranslated not translated; $stopped of 2 scenarios ended early"
[ "$failed" = 0 ] || exit 1
[ "$stopped" = 0 ] || exit 3
