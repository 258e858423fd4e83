package cmd

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/image"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
)

func newImages(open opener) *cobra.Command {
	return &cobra.Command{
		Use:   "images",
		Short: "List the images that the nodes have, and which of them are stand-ins",
		Args:  cobra.NoArgs,
		RunE: run(open, func(ctx context.Context, dir state.Dir, _ []string) error {
			cluster, err := running(ctx, dir)
			if err != nil {
				return err
			}
			found, err := imagesOf(ctx, dir, cluster)
			if err != nil {
				return err
			}
			return printImages(os.Stdout, found, len(cluster.Nodes))
		}),
	}
}

// held is an image, and the nodes that have just this one.
type held struct {
	image.NodeImage
	nodes []string
	is    string
}

// imagesOf reads the images of every node. What nodes have under the same reference may differ.
func imagesOf(ctx context.Context, dir state.Dir, cluster state.Cluster) ([]*held, error) {
	perNode := make([][]image.NodeImage, len(cluster.Nodes))
	err := each(ctx, cluster.Nodes, func(ctx context.Context, i int, node string) (err error) {
		perNode[i], err = image.List(ctx, cluster.Bin, dir.HostSocket(node))
		return err
	})
	if err != nil {
		return nil, err
	}
	found := map[image.NodeImage]*held{}
	var all []*held
	for i, images := range perNode {
		for _, one := range images {
			if found[one] == nil {
				found[one] = &held{NodeImage: one}
				all = append(all, found[one])
			}
			found[one].nodes = append(found[one].nodes, cluster.Nodes[i])
		}
	}
	slices.SortStableFunc(all, func(a, b *held) int { return cmp.Compare(a.Ref, b.Ref) })
	work, ctx := errgroup.WithContext(ctx)
	for _, h := range all {
		work.Go(func() error {
			labels, err := image.LabelsOf(ctx, cluster.Bin, dir.HostSocket(h.nodes[0]), h.NodeImage)
			h.is = image.WhatItIs(labels)
			return err
		})
	}
	return all, work.Wait()
}

// each does something with all nodes at once. Its error names the node.
func each(ctx context.Context, nodes []string, do func(ctx context.Context, i int, node string) error) error {
	work, ctx := errgroup.WithContext(ctx)
	for i, node := range nodes {
		work.Go(func() error {
			if err := do(ctx, i, node); err != nil {
				return fmt.Errorf("%s: %w", node, err)
			}
			return nil
		})
	}
	return work.Wait()
}

func printImages(out io.Writer, images []*held, nodes int) error {
	w := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "IMAGE\tDIGEST\tSIZE\tPLATFORM\tNODES\tWHAT IT IS")
	for _, i := range images {
		where := "all"
		if len(i.nodes) < nodes {
			where = strings.Join(i.nodes, ",")
		}
		_, digest, _ := strings.Cut(i.Digest, ":")
		fmt.Fprintf(w, "%s\t%.12s\t%s\t%s\t%s\t%s\n", i.Ref, digest, i.Size, i.Platforms, where, i.is)
	}
	return w.Flush()
}
