//go:build e2e

package e2e

import (
	"net/url"
	"os"
	"strings"
	"testing"

	"k8s.io/client-go/tools/clientcmd"
)

func TestUpAgainSaysThatItIsUp(t *testing.T) {
	c := newCluster(t)
	c.up("--nodes=1")
	supervisor := c.component("etcd")
	if out := c.must("up"); !strings.Contains(out, "already up") {
		t.Errorf("second up: expected it to say that the cluster is already up:\n%s", out)
	}
	if again := c.component("etcd"); again != supervisor {
		t.Errorf("second up changed the cluster: %+v became %+v", supervisor, again)
	}
}

func TestKubeconfigIsAddedAndRemoved(t *testing.T) {
	c := newCluster(t)
	const mine = "apiVersion: v1\nkind: Config\ncurrent-context: mine\ncontexts:\n- name: mine\n  context: {cluster: mine, user: mine}\nclusters:\n- name: mine\n  cluster: {server: https://127.0.0.1:1}\nusers:\n- name: mine\n  user: {}\n"
	if err := os.WriteFile(c.config, []byte(mine), 0o644); err != nil {
		t.Fatal(err)
	}
	c.up("--nodes=1")
	config, err := clientcmd.LoadFromFile(c.config)
	if err != nil {
		t.Fatal(err)
	}
	if want := "kbe-cluster-" + c.name; config.CurrentContext != want || config.Contexts["mine"] == nil {
		t.Errorf("kubeconfig: expected the contexts mine and %s, the latter current, found current %s of %v", want, config.CurrentContext, config.Contexts)
	}
	if info, _ := os.Stat(c.config); info.Mode().Perm() != 0o600 {
		t.Errorf("kubeconfig: expected mode 0600, found %o", info.Mode().Perm())
	}
	if server, err := url.Parse(config.Clusters["kbe-cluster-"+c.name].Server); err != nil || server.Hostname() != "127.0.0.1" {
		t.Errorf("kubeconfig: expected a server on 127.0.0.1, found %s", server)
	}
	c.must("down")
	config, err = clientcmd.LoadFromFile(c.config)
	if err != nil {
		t.Fatal(err)
	}
	if len(config.Contexts) != 1 || len(config.Clusters) != 1 || len(config.AuthInfos) != 1 || config.CurrentContext != "mine" {
		t.Errorf("kubeconfig after down: expected what was there before, found %+v", config)
	}
}

func TestDownOfNothing(t *testing.T) {
	c := newCluster(t)
	if out := c.must("down"); !strings.Contains(out, "nothing to remove") {
		t.Errorf("expected down to say that there is nothing to remove:\n%s", out)
	}
}

func TestTwoClustersSideBySide(t *testing.T) {
	exhaustive(t)
	first, second := newCluster(t), newCluster(t)
	first.up("--nodes=1")
	second.up("--nodes=1")
	first.kubectl("create", "namespace", "only-here")
	if found := second.kubectl("get", "namespaces", "-o", "name"); strings.Contains(found, "only-here") {
		t.Errorf("the second cluster has what was made in the first: %s", found)
	}
	first.must("down")
	if nodes := second.kubectl("wait", "--for=condition=Ready", "nodes", "--all", "--timeout=5s"); !strings.Contains(nodes, "node-1") {
		t.Errorf("the second cluster after the end of the first: %s", nodes)
	}
}
