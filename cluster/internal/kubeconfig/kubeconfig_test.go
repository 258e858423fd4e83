package kubeconfig

import (
	"os"
	"path/filepath"
	"testing"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/pki"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
)

// source writes the kubeconfig of a cluster's administrator.
func source(t *testing.T, context string) string {
	t.Helper()
	data, err := Make(context, "https://127.0.0.1:1", []byte("ca"), pki.Pair{Cert: []byte("cert"), Key: []byte("key")})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "admin")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func add(t *testing.T, path, context string) state.Kubeconfig {
	t.Helper()
	plan, err := Plan(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := Add(plan, source(t, context)); err != nil {
		t.Fatal(err)
	}
	return plan
}

func TestAddAndRemove(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "config")
	first := add(t, path, Context("one"))
	second := add(t, path, Context("two"))
	config, err := clientcmd.LoadFromFile(path)
	if err != nil || len(config.Contexts) != 2 || config.CurrentContext != "kbe-cluster-two" {
		t.Fatalf("expected two contexts, the second current, found %+v, %v", config, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("expected mode 0600, found %v, %v", info, err)
	}
	if err := Remove(second, Context("two")); err != nil {
		t.Fatal(err)
	}
	config, err = clientcmd.LoadFromFile(path)
	if err != nil || len(config.Contexts) != 1 || config.CurrentContext != "kbe-cluster-one" {
		t.Errorf("expected the first context to be current again, found %+v, %v", config, err)
	}
	for range 2 { // the second time there is nothing to do
		if err := Remove(first, Context("one")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(filepath.Dir(path)); !os.IsNotExist(err) {
		t.Errorf("expected the file that was made for the cluster to be gone, and its folder, found %v", err)
	}
}

// TestRemoveInOrder removes the cluster that made the file first.
func TestRemoveInOrder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config")
	first := add(t, path, Context("one"))
	second := add(t, path, Context("two"))
	if err := Remove(first, Context("one")); err != nil {
		t.Fatal(err)
	}
	if err := Remove(second, Context("two")); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(path); !os.IsNotExist(err) {
		t.Errorf("expected the file to go with the last cluster, found %v: %s", err, text)
	}
}

func TestPlanOfBrokenFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(path, []byte("{not yaml"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Plan(path); err == nil {
		t.Error("expected an error")
	}
}
