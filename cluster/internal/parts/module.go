package parts

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"regexp"
	"runtime"
	"strings"
)

// These are the go.mod and go.sum of the tool modules.
var (
	//go:embed kubernetes.mod
	kubernetesMod string
	//go:embed kubernetes.sum
	kubernetesSum string
	//go:embed runtime.mod
	runtimeMod string
	//go:embed runtime.sum
	runtimeSum string
)

// step is one call of `go build`.
type step struct {
	title    string // what the user reads
	module   string // "kubernetes" or "runtime"
	output   string // file below bin, empty when every package names its own
	packages []string
}

func steps() []step {
	const kube, containerd, cni = "k8s.io/kubernetes/cmd/", "github.com/containerd/containerd/v2/cmd/", "github.com/containernetworking/plugins/plugins/"
	return []step{
		{"kubernetes " + KubernetesVersion() + " (kube-apiserver, kube-controller-manager, kube-scheduler, kubelet, kube-proxy, kubectl)", "kubernetes", "", []string{
			kube + "kube-apiserver", kube + "kube-controller-manager", kube + "kube-scheduler", kube + "kubelet", kube + "kube-proxy", kube + "kubectl"}},
		{"containerd " + version(runtimeMod, "github.com/containerd/containerd/v2") + " and CNI plugins " + version(runtimeMod, "github.com/containernetworking/plugins"), "runtime", "", []string{
			containerd + "containerd", containerd + "containerd-shim-runc-v2", containerd + "ctr",
			cni + "main/ptp", cni + "main/loopback", cni + "ipam/host-local", cni + "meta/portmap"}},
		// Its package is called v3, so it needs a name.
		{"etcd " + version(runtimeMod, "go.etcd.io/etcd/server/v3"), "runtime", "etcd", []string{"go.etcd.io/etcd/server/v3"}},
	}
}

// KubernetesVersion is the version of Kubernetes, such as v1.37.2.
func KubernetesVersion() string { return version(kubernetesMod, "k8s.io/kubernetes") }

// version reads a required version from a go.mod file.
func version(mod, path string) string {
	m := regexp.MustCompile(`(?m)^\s*(?:require )?` + regexp.QuoteMeta(path) + ` (v\S+)`).FindStringSubmatch(mod)
	if m == nil {
		return "(unknown version)"
	}
	return m[1]
}

// flags are those of every `go build`. Without CGO and with -trimpath the results do not depend on this machine, and
// share the build cache with a kubectl-kbe that is built the same way.
func flags() []string {
	v := KubernetesVersion()
	major, rest, _ := strings.Cut(strings.TrimPrefix(v, "v"), ".")
	minor, _, _ := strings.Cut(rest, ".")
	const x = "-X k8s.io/component-base/version."
	// Without these the API server calls itself v0.0.0.
	ld := fmt.Sprintf("-s -w %sgitVersion=%s %sgitMajor=%s %sgitMinor=%s %sgitTreeState=clean", x, v, x, major, x, minor, x)
	return []string{"-trimpath", "-ldflags", ld}
}

// key names what the result of a build depends on, besides the version of Go.
func key() string {
	sum := sha256.New()
	fmt.Fprint(sum, kubernetesMod, kubernetesSum, runtimeMod, runtimeSum, flags(), steps(), runtime.GOARCH)
	return hex.EncodeToString(sum.Sum(nil))[:16]
}
