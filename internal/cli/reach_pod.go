package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/rest"

	"github.com/kubectl-kbe/kubectl-kbe/internal/rbac"
	"github.com/kubectl-kbe/kubectl-kbe/internal/reach"
)

// podOptions are the flags of `kubectl kbe reach [POD]`.
type podOptions struct {
	pod string
	// port is a number, or a name that the pod declares; number is what it stands for, or 0 as
	// long as the pod is not known.
	port   string
	number uint16
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
	c.Flags().StringVar(&o.port, "port", "", fmt.Sprintf("TCP port to probe, or its name in POD (default: the first that POD declares, or %d)", reach.DefaultPort))
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
	if len(args) > 0 {
		if o.pod, err = podName(args[0]); err != nil {
			return err
		}
	}
	if err := o.completePort(); err != nil {
		return err
	}
	if c.Flags().Changed("from") && len(o.from) == 0 {
		return errors.New("--from: expected a place, found none")
	}
	if o.points, err = reach.ParseVantagePoints(o.from); err != nil {
		return fmt.Errorf("--from: %w", err)
	}
	return nil
}

// podName takes the name of a pod as kubectl does: web-0, or pod/web-0.
func podName(text string) (string, error) {
	kind, name, typed := strings.Cut(text, "/")
	switch {
	case !typed:
		return text, nil
	case slices.Contains([]string{"pod", "pods", "po"}, kind):
		return name, nil
	default:
		return "", fmt.Errorf("%s: expected the name of a pod; see `kubectl get pods`", text)
	}
}

// completePort checks --port as far as that is possible without the pod.
func (o *podOptions) completePort() error {
	number, err := strconv.ParseUint(o.port, 10, 16)
	switch {
	case o.port == "":
		if o.pod == "" {
			o.number = reach.DefaultPort
		}
	case err == nil && number > 0:
		o.number = uint16(number)
	case o.pod == "" || len(validation.IsValidPortName(o.port)) > 0:
		return fmt.Errorf("--port %s: expected a number from 1 to 65535, or the name of a port of POD", o.port)
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
	if err != nil {
		return err
	}
	if o.pod.found, err = reach.FindPod(ctx, cfg, namespace, o.pod.pod); err == nil && o.pod.number == 0 {
		o.pod.number, err = reach.FindPort(o.pod.found, o.pod.port)
	}
	return err
}

// runPod fills the table of vantage points of the report.
func (o *reachOptions) runPod(ctx context.Context, env reach.Env) error {
	table, err := reach.RunPod(ctx, env, reach.PodOptions{
		Pod: o.pod.found, Port: o.pod.number, From: o.pod.points,
	})
	if table != nil && len(table.Rows) > 0 {
		table.AddTo(o.reach)
	}
	return err
}
