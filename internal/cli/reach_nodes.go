package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kubectl-kbe/kubectl-kbe/internal/reach"
	"github.com/kubectl-kbe/kubectl-kbe/internal/report"
)

// nodesOptions are the flags of `kubectl kbe reach --nodes`.
type nodesOptions struct {
	nodes    bool
	tolerate bool
	peers    int
	slow     time.Duration
}

func (o *nodesOptions) addFlags(c *cobra.Command) {
	c.Flags().BoolVar(&o.nodes, "nodes", false, "Probe between pods on all nodes")
	c.Flags().BoolVar(&o.tolerate, "tolerate", false, "With --nodes: include tainted nodes")
	c.Flags().IntVar(&o.peers, "peers", 0, "With --nodes: number of other nodes that each node probes (default: all)")
	c.Flags().DurationVar(&o.slow, "slow", reach.SlowByDefault, "With --nodes: warn if the median time to connect is longer than this")
}

func (o *nodesOptions) complete(c *cobra.Command) error {
	if !o.nodes {
		for _, flag := range []string{"tolerate", "peers", "slow"} {
			if c.Flags().Changed(flag) {
				return fmt.Errorf("--%s needs --nodes", flag)
			}
		}
		return nil
	}
	switch {
	case o.peers < 0:
		return fmt.Errorf("--peers %d: expected a number greater than 0", o.peers)
	case o.slow <= 0:
		return fmt.Errorf("--slow %s: expected a time greater than 0, such as 50ms", o.slow)
	}
	return nil
}

// runNodes fills the matrix of the report.
func (o *reachOptions) runNodes(ctx context.Context, env reach.Env) error {
	result, err := reach.RunNodes(ctx, env, reach.NodesOptions{
		Tolerate: o.nodes.tolerate, Peers: o.nodes.peers, Slow: o.nodes.slow,
	})
	if result != nil {
		result.AddTo(o.reach)
	}
	return err
}

// progress shows how far the run is: in a line that is overwritten, on a terminal; elsewhere,
// of all nodes, in a line per stage.
func (o *reachOptions) progress() func(reach.Progress) {
	last := ""
	notices := report.NewTerminal(o.streams.ErrOut, nil, width(o.streams.ErrOut), false)
	return func(p reach.Progress) {
		switch {
		case p.Notice != "":
			o.Doing("")
			for line := range strings.Lines(p.Notice) {
				notices.Note(report.Prose{Text: line})
			}
			return
		case liveTerminal(o.streams.ErrOut) != nil || !o.nodes.nodes:
			o.Doing(p.String())
		case p.Stage != last:
			fmt.Fprintln(o.streams.ErrOut, p.Stage)
		}
		last = p.Stage
	}
}
