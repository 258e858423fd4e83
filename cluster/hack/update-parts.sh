#!/bin/sh
# Move the parts of the cluster to other versions:
#
#   hack/update-parts.sh kubernetes VERSION           (such as v1.37.2: rewrites the module of that minor, or adds one)
#   hack/update-parts.sh runtime CONTAINERD CNI ETCD DISTRIBUTION COREDNS POLICIES
#                                                     (such as v2.4.2 v1.9.1 v3.7.3 v3.1.2 v1.15.0 v0.8.0)
#
# It rewrites files in internal/parts/modules. `kbe-cluster build` then builds what they pin.
set -eu
modules=$(cd "$(dirname "$0")/../internal/parts/modules" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export GOFLAGS= GOWORK=off

# kubernetes VERSION
kubernetes() {
  init kubernetes
  # Kubernetes requires its own libraries at v0.0.0: each needs a replace to the version that was published with it.
  libraries=$(go mod download -json "k8s.io/kubernetes@$1" | sed -n 's/.*"GoMod": "\(.*\)",*/\1/p' | xargs cat |
    sed -n 's#^[[:space:]]*\(k8s\.io/[^ ]*\) v0\.0\.0\( .*\)\{0,1\}$#\1#p' | sort -u)
  printf '\nreplace (\n' >>go.mod
  for library in $libraries; do echo "$library => $library v0.${1#v1.}"; done >>go.mod
  echo ')' >>go.mod
  for name in kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl; do
    go get -tool "k8s.io/kubernetes/cmd/$name@$1"
  done
  # For `kbe-cluster upstream`, with the ginkgo that Kubernetes requires.
  go get -tool -t "k8s.io/kubernetes/test/e2e@$1"
  for name in agnhost nonewprivs; do go get -tool "k8s.io/kubernetes/test/images/$name@$1"; done
  go get -tool "github.com/onsi/ginkgo/v2/ginkgo@$(go list -m -f '{{.Version}}' github.com/onsi/ginkgo/v2)"
  save "kubernetes-$(echo "${1#v}" | cut -d . -f 1,2)"
}

# runtime CONTAINERD CNI ETCD DISTRIBUTION COREDNS POLICIES
runtime() {
  init runtime
  for name in containerd containerd-shim-runc-v2 ctr; do
    go get -tool "github.com/containerd/containerd/v2/cmd/$name@$1"
  done
  for name in main/ptp main/loopback ipam/host-local ipam/static meta/portmap; do
    go get -tool "github.com/containernetworking/plugins/plugins/$name@$2"
  done
  go get -tool "go.etcd.io/etcd/server/v3@$3"
  # These have a main package of ours. The Kubernetes libraries are those of kbe-cluster, so that they are built once.
  cp -R "$modules/_runtime/." .
  go get "github.com/distribution/distribution/v3@$4" "github.com/coredns/coredns@$5" "sigs.k8s.io/kube-network-policies@$6" \
    "k8s.io/client-go@$(sed -n 's/.*k8s.io\/client-go //p' "$modules/../../../go.mod")" ./...
  save runtime
}

# init NAME starts a module. `go get` raises its version of Go to what the parts need.
init() {
  go mod init "kbe-cluster/parts/$1"
  go mod edit -go=1.24.0
}

# save NAME keeps it.
save() {
  cp go.mod "$modules/$1.mod"
  cp go.sum "$modules/$1.sum"
}

case "${1-} $#" in
'kubernetes 2' | 'runtime 7') "$@" ;;
*) sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
