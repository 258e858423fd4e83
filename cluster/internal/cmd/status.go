package cmd

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/fault"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/supervisor"
)

// status is what `status -o json` prints.
type status struct {
	Name       string                  `json:"name"`
	Version    string                  `json:"version"`
	Server     string                  `json:"server"`
	Kubeconfig string                  `json:"kubeconfig"`
	Supervisor bool                    `json:"supervisorAlive"`
	Nodes      []supervisor.NodeStatus `json:"nodes"`
	Components []state.Component       `json:"components"`
	Faults     []fault.Fault           `json:"faults"`
	// Problem says why Nodes is empty.
	Problem string `json:"problem,omitempty"`
}

func newStatus(open opener) *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:   "status",
		Short: "Show nodes and components, and how often each was restarted",
		Args:  cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error {
			if output != "" && output != "json" {
				return fmt.Errorf("-o %s: expected json, or nothing", output)
			}
			return nil
		},
		RunE: run(open, func(ctx context.Context, dir state.Dir, _ []string) error {
			s, err := collect(ctx, dir)
			if err != nil {
				return err
			}
			if output == "json" {
				encoder := json.NewEncoder(os.Stdout)
				encoder.SetIndent("", "  ")
				err = encoder.Encode(s)
			} else {
				err = s.print(os.Stdout, time.Now())
			}
			if err == nil && s.Problem != "" {
				return fmt.Errorf("cluster %s: %s", s.Name, s.Problem)
			}
			return err
		}),
	}
	c.Flags().StringVarP(&output, "output", "o", "", "json, or nothing for a table")
	return c
}

func collect(ctx context.Context, dir state.Dir) (status, error) {
	cluster, err := existing(dir)
	if err != nil {
		return status{}, err
	}
	s := status{Name: cluster.Name, Version: cluster.Version, Server: cluster.Server, Kubeconfig: dir.Kubeconfig()}
	components, err := dir.Status()
	if err != nil && !os.IsNotExist(err) {
		return s, err
	}
	s.Components = components.Components
	process, err := dir.Supervisor()
	s.Supervisor = err == nil && process.Alive()
	if !s.Supervisor {
		s.Problem = supervisorGone(dir)
		return s, nil
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if s.Faults, err = supervisor.Faults(ctx, dir); err != nil {
		return s, err
	}
	if s.Nodes, err = supervisor.Nodes(ctx, dir.Kubeconfig()); err != nil {
		s.Problem = fmt.Sprintf("its API does not answer: %v; see `kbe-cluster logs --name %s kube-apiserver`", err, s.Name)
	}
	return s, nil
}

func (s status) print(out io.Writer, now time.Time) error {
	fmt.Fprintf(out, "cluster %s  Kubernetes %s  %s\n\n", s.Name, s.Version, s.Server)
	w := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	if len(s.Nodes) > 0 {
		fmt.Fprintln(w, "NODE\tZONE\tREADY\tWHY")
		for _, n := range s.Nodes {
			fmt.Fprintf(w, "%s\t%s\t%t\t%s\n", n.Name, cmp.Or(n.Zone, "-"), n.Ready, n.Why)
		}
		if err := w.Flush(); err != nil {
			return err
		}
		fmt.Fprintln(out)
	}
	for _, f := range s.Faults {
		fmt.Fprintf(out, "%s; %s\n\n", f.State(), undoing(s.Name, f))
	}
	fmt.Fprintln(w, "COMPONENT\tPID\tSINCE\tRESTARTS\tLAST EXIT")
	for _, c := range s.Components {
		pid := fmt.Sprint(c.PID)
		if c.PID == 0 || !s.Supervisor {
			pid = "down"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\n", c.Name, pid, now.Sub(c.Since).Round(time.Second), c.Restarts, c.LastExit)
	}
	return w.Flush()
}
