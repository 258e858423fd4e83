package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"

	"github.com/kubectl-kbe/kubectl-kbe/internal/rbac"
	"github.com/kubectl-kbe/kubectl-kbe/internal/reach"
)

// podOptions are the flags of `kubectl kbe reach [POD]`.
type podOptions struct {
	pod    string
	port   uint16
	from   []string
	points []reach.VantagePoint
	// found is the pod, where one is named.
	found *corev1.Pod
}

func (o *podOptions) addFlags(c *cobra.Command) {
	var names []string
	for _, p := range reach.VantagePoints() {
		names = append(names, string(p))
	}
	c.Flags().Uint16Var(&o.port, "port", reach.DefaultPort, "Port to probe")
	c.Flags().StringSliceVar(&o.from, "from", nil, "Probe only from these places: "+strings.Join(names, ", "))
	completeFlag(c, "from", words(names...))
}

func (o *podOptions) complete(c *cobra.Command, args []string, nodes bool) (err error) {
	if nodes {
		for _, flag := range []string{"port", "from"} {
			if c.Flags().Changed(flag) {
				return fmt.Errorf("--%s and --nodes cannot be combined", flag)
			}
		}
		if len(args) > 0 {
			return fmt.Errorf("%s: --nodes probes its own pods only: leave the pod's name out", args[0])
		}
		return nil
	}
	if o.port == 0 {
		return errors.New("--port 0: expected a port from 1 to 65535")
	}
	if len(args) > 0 {
		o.pod = strings.TrimPrefix(args[0], "pod/")
	}
	if o.points, err = reach.ParseVantagePoints(o.from); err != nil {
		return fmt.Errorf("--from: %w", err)
	}
	return nil
}

// needs are what the run cannot do without. Of an existing Pod all else is read
// as far as it is permitted.
func (o *podOptions) needs() rbac.Needs {
	if o.pod != "" {
		return nil
	}
	return rbac.Reach()
}

// findPod looks for the pod that the user names, before the run makes anything.
func (o *reachOptions) findPod(ctx context.Context, cfg *rest.Config) error {
	if o.pod.pod == "" {
		return nil
	}
	namespace, _, err := o.flags.ToRawKubeConfigLoader().Namespace()
	if err == nil {
		o.pod.found, err = reach.FindPod(ctx, cfg, namespace, o.pod.pod)
	}
	return err
}

// runPod fills the table of vantage points of the report.
func (o *reachOptions) runPod(ctx context.Context, env reach.Env) error {
	table, err := reach.RunPod(ctx, env, reach.PodOptions{
		Pod: o.pod.found, Port: o.pod.port, From: o.pod.points,
	})
	if table != nil && len(table.Rows) > 0 {
		table.AddTo(o.reach)
	}
	return err
}
