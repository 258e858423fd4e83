package config

import (
	"encoding/json"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/network"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
)

func plan(family string) network.Plan {
	return network.PlanOf(state.Cluster{IPFamily: family, Nodes: []string{"node-1", "node-2"}})
}

func TestFilesParse(t *testing.T) {
	for _, family := range network.IPFamilies {
		node := Node{Plan: plan(family), Name: "node-2", Index: 2, CgroupRoot: "/kbe-cluster/kbe/node-2", ProxyMode: "nftables", PauseImage: "pause:1"}
		for path, data := range files(t, node) {
			var out map[string]any
			var err error
			switch {
			case strings.HasSuffix(path, ".yaml"):
				err = yaml.UnmarshalStrict(data, &out)
			case strings.HasSuffix(path, ".conflist"):
				err = json.Unmarshal(data, &out)
			}
			if err != nil {
				t.Errorf("%s: %s: %v\n%s", family, path, err, data)
			}
			if strings.Contains(string(data), "<no value>") {
				t.Errorf("%s: %s: a value is missing:\n%s", family, path, data)
			}
		}
	}
}

func TestFilesSay(t *testing.T) {
	for family, says := range map[string]map[string]string{
		"ipv4": {
			"/etc/kubernetes/kubelet.yaml":   "cgroupRoot: /kbe-cluster/kbe/node-2",
			"/etc/cni/net.d/10-kbe.conflist": `"ranges": [[{"subnet": "10.244.2.0/24"}]]`,
			"/etc/containerd/config.toml":    `sandbox = "pause:1"`,
			"/etc/hosts":                     "10.89.0.12 node-2",
			"/etc/hostname":                  "node-2\n",
		},
		"ipv6": {
			"/etc/kubernetes/kubelet.yaml":   `address: "fd00:10:89::c"`,
			"/etc/cni/net.d/10-kbe.conflist": `"routes": [{"dst": "::/0"}]`,
			"/etc/hosts":                     "fd00:10:89::1 control-plane\nfd00:10:89::c node-2\n",
		},
		"dual": {
			"/etc/kubernetes/kubelet.yaml":    `clusterDNS: ["10.96.0.10", "fd00:10:96::a"]`,
			"/etc/kubernetes/kube-proxy.yaml": `clusterCIDR: "10.244.0.0/16,fd00:10:244::/56"`,
			"/etc/cni/net.d/10-kbe.conflist":  `"ranges": [[{"subnet": "10.244.2.0/24"}], [{"subnet": "fd00:10:244:2::/64"}]]`,
		},
	} {
		found := files(t, Node{Plan: plan(family), Name: "node-2", Index: 2, CgroupRoot: "/kbe-cluster/kbe/node-2", PauseImage: "pause:1"})
		for path, text := range says {
			if !strings.Contains(string(found[path]), text) {
				t.Errorf("%s: %s: expected %q in:\n%s", family, path, text, found[path])
			}
		}
		if strings.Contains(string(found["/etc/resolv.conf"]), "nameserver") {
			t.Errorf("resolv.conf: expected no name server, found:\n%s", found["/etc/resolv.conf"])
		}
	}
}

func files(t *testing.T, node Node) map[string][]byte {
	t.Helper()
	files, err := node.Files()
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestNothingIsInsecure(t *testing.T) {
	c := ControlPlane{Plan: plan("dual"), Bin: "/bin", PKI: "/pki", Data: "/data"}
	node := Node{Plan: plan("dual"), Index: 1}
	for _, args := range [][]string{c.Etcd(), c.APIServer(), c.ControllerManager(), c.Scheduler(), node.Kubelet(), node.KubeProxy(), node.Containerd()} {
		for _, arg := range args {
			if strings.Contains(arg, "insecure") || strings.Contains(arg, "token-auth-file") {
				t.Errorf("%s: %s", args[0], arg)
			}
		}
	}
}

func TestHasCapability(t *testing.T) {
	const full, without = "Name:\tx\nCapEff:\t000001ffffffffff\n", "CapEff:\t000001fffeffffff\n"
	if !mayProtect(full) || mayProtect(without) || mayProtect("") {
		t.Error("CAP_SYS_RESOURCE is read wrongly")
	}
}
