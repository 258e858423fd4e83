package cmd

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/kubeconfig"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/launch"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/network"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/progress"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
)

func newUp(open opener) *cobra.Command {
	var o launch.Options
	c := &cobra.Command{
		Use:   "up",
		Short: "Start a cluster and add its context to the kubeconfig",
		Args:  cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error {
			return validate(&o)
		},
		RunE: run(open, func(ctx context.Context, dir state.Dir, _ []string) error {
			return launch.Up(ctx, dir, o, progress.New(os.Stderr))
		}),
	}
	f := c.Flags()
	kubernetesFlag(c, &o.Kubernetes)
	f.IntVar(&o.Nodes, "nodes", 3, "number of nodes")
	f.StringVar(&o.IPFamily, "ip-family", "ipv4", "addresses of nodes, pods and services: ipv4, ipv6 or dual")
	f.StringSliceVar(&o.Zones, "zones", nil, "zones (label topology.kubernetes.io/zone) for the nodes to be in, in turn, such as a,b,c")
	f.IntVar(&o.Port, "port", 0, "port of the API on 127.0.0.1, 0 for a free one")
	f.BoolVar(&o.Cold, "cold", false, "start nodes without images: they pull from the cluster's registry")
	f.BoolVar(&o.NetworkPolicy, "network-policy", false, "enforce NetworkPolicies (needs about 35 MB of memory per node)")
	f.BoolVar(&o.Audit, "audit", false, "record every request to the API, for kbe-cluster logs audit")
	f.StringVar(&o.Kubeconfig, "kubeconfig", "", "kubeconfig to add the context to (default: the first file of $KUBECONFIG, or ~/.kube/config)")
	f.DurationVar(&o.Wait, "wait", 60*time.Second, "how long the nodes may take to become Ready")
	return c
}

func validate(o *launch.Options) error {
	if err := chooseVersion(&o.Kubernetes); err != nil {
		return err
	}
	switch {
	case o.Nodes < 1 || o.Nodes > network.MaxNodes:
		return fmt.Errorf("--nodes %d: expected 1 to %d", o.Nodes, network.MaxNodes)
	case !slices.Contains(network.IPFamilies, o.IPFamily):
		return fmt.Errorf("--ip-family %q: expected one of %s", o.IPFamily, strings.Join(network.IPFamilies, ", "))
	case o.Port < 0 || o.Port > 65535:
		return fmt.Errorf("--port %d: expected 0 to 65535", o.Port)
	case o.Wait <= 0:
		return fmt.Errorf("--wait %s: expected more than nothing, such as 60s", o.Wait)
	}
	for i, zone := range o.Zones {
		if problems := validation.IsValidLabelValue(zone); zone == "" || problems != nil {
			return fmt.Errorf("--zones: %q: expected the value of a label: %s", zone, strings.Join(problems, "; "))
		}
		if slices.Contains(o.Zones[:i], zone) {
			return fmt.Errorf("--zones: %s: expected it once", zone)
		}
	}
	if len(o.Zones) > o.Nodes {
		return fmt.Errorf("--zones %s: expected at most one for each of %s", strings.Join(o.Zones, ","), progress.Count(o.Nodes, "node"))
	}
	if o.Kubeconfig == "" {
		o.Kubeconfig = kubeconfig.DefaultPath()
	}
	return nil
}
