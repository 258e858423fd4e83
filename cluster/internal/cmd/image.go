package cmd

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/image"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/parts"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/progress"
)

func newImage() *cobra.Command {
	var variant image.Variant
	var listenAfter string
	c := &cobra.Command{
		Use:   "image REF",
		Short: "Build the stand-in of simpleservice under another reference, and print the path of its archive",
		Long: "Build the stand-in of simpleservice under another reference, and print the path of its archive, for\n" +
			"`kbe-cluster load`. It breaks a claim on purpose, to show what that looks like: a service of another version, one that\n" +
			"listens late or never, one for another architecture (--arch), or one whose programs end with \"exec format error\"\n" +
			"(--program-arch).",
		Args: cobra.ExactArgs(1),
		PreRunE: func(c *cobra.Command, args []string) (err error) {
			variant.Ref = args[0]
			if c.Flags().Changed("listen-after") {
				variant.ListenAfter, err = listenTime(listenAfter)
			}
			return err
		},
		RunE: func(c *cobra.Command, _ []string) error {
			cache, err := parts.CacheDir()
			if err != nil {
				return failure{err}
			}
			archive, err := image.BuildVariant(c.Context(), cache, variant, progress.New(os.Stderr).Live)
			if err != nil {
				return failure{err}
			}
			fmt.Println(archive)
			return nil
		},
	}
	c.Flags().StringVar(&variant.Version, "version", "", "version that the service reports, unless a pod sets SIMPLE_SERVICE_VERSION (default 0.5.0)")
	c.Flags().StringVar(&listenAfter, "listen-after", "500ms", "time from the start of the service until it listens, or never")
	c.Flags().StringVar(&variant.Arch, "arch", "amd64", "architecture in the image's configuration: amd64 or arm64")
	c.Flags().StringVar(&variant.ProgramArch, "program-arch", "", "architecture of the programs in the image (default that of --arch)")
	return c
}

// listenTime reads --listen-after.
func listenTime(value string) (*time.Duration, error) {
	after := image.Never
	if value != "never" {
		var err error
		if after, err = time.ParseDuration(value); err != nil || after < 0 {
			return nil, fmt.Errorf("--listen-after %s: expected a duration such as 3s, or never", value)
		}
	}
	return &after, nil
}
