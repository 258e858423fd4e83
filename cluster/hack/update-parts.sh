#!/bin/sh
# Move the parts of the cluster to other versions:
#
#   hack/update-parts.sh KUBERNETES CONTAINERD CNI ETCD      (such as v1.37.2 v2.4.2 v1.9.1 v3.7.3)
#
# It rewrites internal/parts/{kubernetes,runtime}.{mod,sum}. `kbe-cluster build` then builds them.
set -eu
[ $# -eq 4 ] || { sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2; }
kubernetes=$1 containerd=$2 cni=$3 etcd=$4
parts=$(cd "$(dirname "$0")/../internal/parts" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export GOFLAGS= GOWORK=off

tool() { go get -tool "$1@$2"; }

# Kubernetes requires its own libraries at v0.0.0: each needs a replace to the version that was published with it.
mkdir "$work/kubernetes"
cd "$work/kubernetes"
go mod init kbe-cluster/parts/kubernetes
staging=v0.${kubernetes#v1.}
go mod download -json "k8s.io/kubernetes@$kubernetes" | sed -n 's/.*"GoMod": "\(.*\)",*/\1/p' | xargs cat |
  sed -n 's#^[[:space:]]*\(k8s\.io/[^ ]*\) v0\.0\.0.*#\1#p' | sort -u |
  while read -r module; do go mod edit -replace "$module=$module@$staging"; done
for name in kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl; do
  tool "k8s.io/kubernetes/cmd/$name" "$kubernetes"
done
cp go.mod "$parts/kubernetes.mod"
cp go.sum "$parts/kubernetes.sum"

mkdir "$work/runtime"
cd "$work/runtime"
go mod init kbe-cluster/parts/node
for name in containerd containerd-shim-runc-v2 ctr; do
  tool "github.com/containerd/containerd/v2/cmd/$name" "$containerd"
done
for name in main/ptp main/loopback ipam/host-local meta/portmap; do
  tool "github.com/containernetworking/plugins/plugins/$name" "$cni"
done
tool go.etcd.io/etcd/server/v3 "$etcd"
cp go.mod "$parts/runtime.mod"
cp go.sum "$parts/runtime.sum"
