package e2e

import (
	"context"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/e2e-framework/pkg/envconf"
	"sigs.k8s.io/e2e-framework/pkg/types"

	"github.com/kubectl-kbe/kubectl-kbe/e2e/internal/provider"
)

// TestEmbeddedProvider makes a second cluster, beside that of the suite, and
// breaks it.
func TestEmbeddedProvider(t *testing.T) {
	exhaustive(t)
	if embedded == nil {
		t.Skip("a cluster that exists is not for us to break, nor to make another beside it")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	second := provider.NewEmbedded()
	second.WithName(envconf.RandomName("kbe-e2e", 12)).WithVersion(*kubernetesFlag).WithOpts(provider.WithNodes(2), provider.WithIPFamily("dual"), provider.WithZones("a", "b"))
	if _, err := provider.NewEmbedded().WithName("kbe-e2e-v9").WithVersion("v9").Create(ctx); err == nil {
		t.Error("Kubernetes v9: expected an error, for there is none")
	}
	if _, err := second.Create(ctx); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := second.Destroy(context.WithoutCancel(ctx)); err != nil {
			t.Error(err)
		}
	})

	cmd := exec.CommandContext(ctx, second.Kubectl(), "--kubeconfig", second.GetKubeconfig(), "get", "nodes", "-o",
		`jsonpath={.items[*].metadata.labels.topology\.kubernetes\.io/zone} {.items[*].spec.podCIDRs}`)
	second.Outside(cmd)
	out, err := cmd.CombinedOutput()
	if want := `a b ["10.244.1.0/24","fd00:10:244:1::/64"] ["10.244.2.0/24","fd00:10:244:2::/64"]`; err != nil || string(out) != want {
		t.Errorf("from outside: expected %s, found %s, %v", want, out, err)
	}

	cmd = exec.CommandContext(ctx, second.Kubectl(), "--kubeconfig", second.GetKubeconfig(), "get", "nodes", "-o", "jsonpath={.items[*].status.nodeInfo.kubeletVersion}")
	out, err = cmd.CombinedOutput()
	if versions := strings.Fields(string(out)); err != nil || len(versions) != 2 || !strings.HasPrefix(versions[0], *kubernetesFlag) || versions[0] != versions[1] {
		t.Errorf("versions of the kubelets: expected two of %q, found %s, %v", *kubernetesFlag, out, err)
	}

	assertStates(t, second, "running running")
	node := &types.Node{Name: "node-2"}
	must(ctx, t, func(ctx context.Context) error { return second.StopNode(ctx, node) })
	assertStates(t, second, "running stopped")
	must(ctx, t, func(ctx context.Context) error { return second.StartNode(ctx, node) })
	must(ctx, t, func(ctx context.Context) error { return second.SetFault(ctx, "pause", "node-1") })
	assertStates(t, second, "paused running")
	must(ctx, t, func(ctx context.Context) error { return second.ClearFault(ctx, "pause", "node-1") })
	assertStates(t, second, "running running")

	for _, fault := range []func(context.Context) error{
		func(ctx context.Context) error { return second.SetFault(ctx, "partition", "node-1", "node-2") },
		func(ctx context.Context) error { return second.ClearFault(ctx, "partition") },
		func(ctx context.Context) error { return second.SetFault(ctx, "deny", "fd00:10:244:1::2") },
		func(ctx context.Context) error { return second.ClearFault(ctx, "deny") },
	} {
		must(ctx, t, fault)
	}
	if err := second.SetFault(ctx, "deny", "192.0.2.1"); err == nil || !strings.Contains(err.Error(), "10.244.0.0/16") {
		t.Errorf("an address of no pod: expected an error that names the range of pods, found %v", err)
	}
	must(ctx, t, second.Destroy)
	if _, err := os.Stat(second.GetKubeconfig()); err == nil {
		t.Errorf("expected %s to be gone", second.GetKubeconfig())
	}
}

func must(ctx context.Context, t *testing.T, do func(context.Context) error) {
	t.Helper()
	if err := do(ctx); err != nil {
		t.Fatal(err)
	}
}

// setFault breaks the suite's cluster.
func setFault(fault string, args ...string) func(context.Context) error {
	return func(ctx context.Context) error { return embedded.SetFault(ctx, fault, args...) }
}

// clearFault undoes setFault.
func clearFault(fault string, args ...string) func(context.Context) error {
	return func(ctx context.Context) error { return embedded.ClearFault(ctx, fault, args...) }
}

// assertStates compares the states of the nodes, in order.
func assertStates(t *testing.T, cluster *provider.Embedded, want string) {
	t.Helper()
	nodes, err := cluster.ListNode(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var states []string
	for _, node := range nodes {
		states = append(states, node.State)
		if node.IP == nil {
			t.Errorf("%s: expected an address", node.Name)
		}
	}
	if want := strings.Fields(want); !reflect.DeepEqual(states, want) {
		t.Errorf("states of the nodes: expected %v, found %v", want, states)
	}
}
