package config

import (
	"encoding/json"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

func TestFilesParse(t *testing.T) {
	files, err := Node{Name: "node-2", Index: 2, CgroupRoot: "/kbe-cluster/kbe/node-2", ProxyMode: "nftables", PauseImage: "pause:1"}.Files()
	if err != nil {
		t.Fatal(err)
	}
	for path, data := range files {
		var out map[string]any
		switch {
		case strings.HasSuffix(path, ".yaml"):
			err = yaml.UnmarshalStrict(data, &out)
		case strings.HasSuffix(path, ".conflist"):
			err = json.Unmarshal(data, &out)
		}
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
		if strings.Contains(string(data), "<no value>") {
			t.Errorf("%s: a value is missing:\n%s", path, data)
		}
	}
	for path, text := range map[string]string{
		"/etc/kubernetes/kubelet.yaml":   "cgroupRoot: /kbe-cluster/kbe/node-2",
		"/etc/cni/net.d/10-kbe.conflist": `"subnet": "10.244.2.0/24"`,
		"/etc/containerd/config.toml":    `sandbox = "pause:1"`,
		"/etc/hosts":                     "10.89.0.12 node-2",
		"/etc/hostname":                  "node-2\n",
	} {
		if !strings.Contains(string(files[path]), text) {
			t.Errorf("%s: expected %q in:\n%s", path, text, files[path])
		}
	}
	if strings.Contains(string(files["/etc/resolv.conf"]), "nameserver") {
		t.Errorf("resolv.conf: expected no name server, found:\n%s", files["/etc/resolv.conf"])
	}
}

func TestNothingIsInsecure(t *testing.T) {
	c := ControlPlane{Bin: "/bin", PKI: "/pki", Data: "/data"}
	for _, args := range [][]string{c.Etcd(), c.APIServer(), c.ControllerManager(), c.Scheduler(), Node{}.Kubelet(), Node{}.KubeProxy(), Node{}.Containerd()} {
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
