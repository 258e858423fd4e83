package parts

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"runtime"
	"strings"
)

// product is what one entry of the cache holds.
type product struct {
	name  string // folder of the cache
	what  string // what the user reads
	steps []step
}

// step is one call of `go build`, or of `go test -c`.
type step struct {
	title    string // what the user reads
	module   module
	output   string // file below bin, empty when every package names its own
	packages []string
	tests    bool   // of the package, instead of the package
	version  string // what the programs call themselves, empty when they need not
}

// partsOf returns the programs of a cluster of one of Versions.
func partsOf(kubernetes string) product {
	const kube, containerd, cni = kubernetesPath + "/cmd/", "github.com/containerd/containerd/v2/cmd/", "github.com/containernetworking/plugins/plugins/"
	node := readModule("runtime")
	return product{"parts", "the parts of the cluster", []step{
		{title: "kubernetes " + kubernetes + " (kube-apiserver, kube-controller-manager, kube-scheduler, kubelet, kube-proxy, kubectl)",
			module: kubernetesModule(kubernetes), version: kubernetes, packages: []string{
				kube + "kube-apiserver", kube + "kube-controller-manager", kube + "kube-scheduler", kube + "kubelet", kube + "kube-proxy", kube + "kubectl"}},
		{title: "containerd " + node.version("github.com/containerd/containerd/v2") + " and CNI plugins " + node.version("github.com/containernetworking/plugins"),
			module: node, packages: []string{
				containerd + "containerd", containerd + "containerd-shim-runc-v2", containerd + "ctr",
				cni + "main/ptp", cni + "main/loopback", cni + "ipam/host-local", cni + "ipam/static", cni + "meta/portmap"}},
		// Its package is called v3, so it needs a name.
		{title: "etcd " + node.version("go.etcd.io/etcd/server/v3"), module: node, output: "etcd", packages: []string{"go.etcd.io/etcd/server/v3"}},
		{title: "registry " + node.version("github.com/distribution/distribution/v3"), module: node, packages: []string{node.main("registry")}},
		{title: "CoreDNS " + node.version("github.com/coredns/coredns"), module: node, packages: []string{node.main("coredns")}},
		{title: "kube-network-policies " + node.version("sigs.k8s.io/kube-network-policies"), module: node, packages: []string{node.main("kube-network-policies")}},
	}}
}

// upstreamOf returns the e2e tests of one of Versions, what runs them in parallel, and the programs of their images.
func upstreamOf(kubernetes string) product {
	module, images := kubernetesModule(kubernetes), kubernetesPath+"/test/images/"
	return product{"upstream", "the e2e tests of Kubernetes", []step{
		{title: "ginkgo, agnhost and nonewprivs of Kubernetes " + kubernetes, module: module, packages: []string{
			"github.com/onsi/ginkgo/v2/ginkgo", images + "agnhost", images + "nonewprivs"}},
		{title: "the e2e tests of Kubernetes " + kubernetes, module: module, version: kubernetes, tests: true, output: "e2e.test",
			packages: []string{kubernetesPath + "/test/e2e"}},
	}}
}

// arguments are those of the go command. Without CGO and with -trimpath the results do not depend on this machine, and
// share the build cache with a kubectl-kbe that is built the same way.
func (s step) arguments(bin string) []string {
	verb := []string{"build", "-v"}
	if s.tests {
		verb = []string{"test", "-c", "-vet=off"} // vet would check all dependencies
	}
	return append(append(verb, "-trimpath", "-ldflags", s.linkerFlags(), "-o", bin+"/"+s.output), s.packages...)
}

func (s step) linkerFlags() string {
	if s.version == "" {
		return "-s -w"
	}
	const x = "-X k8s.io/component-base/version."
	major, minor, _ := strings.Cut(minor(s.version), ".")
	// Without these the API server calls itself v0.0.0.
	return fmt.Sprintf("-s -w %sgitVersion=%s %sgitMajor=%s %sgitMinor=%s %sgitTreeState=clean", x, s.version, x, major, x, minor, x)
}

// key names what the result of a build depends on, besides the version of Go.
func (p product) key() string {
	sum := sha256.New()
	fmt.Fprint(sum, runtime.GOARCH)
	for _, s := range p.steps {
		fmt.Fprint(sum, s.module.mod, s.module.sum, s.module.mains, s.arguments("")) // a map is printed in the order of its keys
	}
	return hex.EncodeToString(sum.Sum(nil))[:16]
}
