package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/version"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/discovery"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/kubectl-kbe/kubectl-kbe/internal/report"
)

// Version is set when a release is built; other builds have what the Go command
// knows.
var Version string

// Commit is set as Version is.
var Commit string

// Versions is what `kubectl kbe version -o json` prints.
type Versions struct {
	ClientVersion ClientVersion `json:"clientVersion"`
	// KubectlVersion is the version of kubectl whose packages run the commands.
	KubectlVersion string        `json:"kubectlVersion"`
	ServerVersion  *version.Info `json:"serverVersion,omitempty"`
}

// ClientVersion is the build of this program, in the words of kubectl version.
type ClientVersion struct {
	GitVersion string `json:"gitVersion"`
	GitCommit  string `json:"gitCommit,omitempty"`
	GoVersion  string `json:"goVersion"`
	Compiler   string `json:"compiler"`
	Platform   string `json:"platform"`
}

func newVersionCommand(g globals) *cobra.Command {
	var client bool
	var output string
	c := &cobra.Command{
		Use:   "version",
		Short: "Print the client and server version information",
		Long: longDesc(`
			Print the versions of kubectl kbe, of the built-in kubectl, and of the cluster
			in the current context.`),
		Example: templates.Examples(`
			# Print the client and server versions
			kubectl kbe version

			# Print the client version only, for a bug report
			kubectl kbe version --client -o json`),
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if output != "" && output != "json" {
				return fmt.Errorf("-o %s: expected json", output)
			}
			v := clientVersions()
			var unknown error
			if !client {
				v.ServerVersion, unknown = serverVersion(c.Context(), g.flags)
			}
			if err := v.print(g.streams.Out, output); err != nil {
				return err
			}
			if unknown != nil {
				couldNotStart(g.streams, "version", unknown, g.clients.Connection().Error(unknown))
				return exitError{exitCouldNotRun}
			}
			return nil
		},
	}
	c.Flags().BoolVar(&client, "client", false, "Show the client version only, without contacting a cluster")
	c.Flags().StringVarP(&output, "output", "o", "", "Output format: json (default: text)")
	completeFlag(c, "output", words("json"))
	return c
}

// clientVersions are what this program was built from.
func clientVersions() Versions {
	v := Versions{ClientVersion: ClientVersion{
		GitVersion: Version, GitCommit: Commit, GoVersion: runtime.Version(),
		Compiler: runtime.Compiler, Platform: runtime.GOOS + "/" + runtime.GOARCH,
	}}
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	if v.ClientVersion.GitVersion == "" {
		v.ClientVersion.GitVersion = strings.Trim(build.Main.Version, "()") // "(devel)" is no user agent
	}
	for _, s := range build.Settings {
		if s.Key == "vcs.revision" && v.ClientVersion.GitCommit == "" {
			v.ClientVersion.GitCommit = s.Value
		}
	}
	for _, dep := range build.Deps {
		if dep.Path == "k8s.io/kubectl" { // v0.37.2 is that of Kubernetes v1.37.2
			v.KubectlVersion = strings.Replace(dep.Version, "v0.", "v1.", 1)
		}
	}
	return v
}

func serverVersion(ctx context.Context, flags *genericclioptions.ConfigFlags) (*version.Info, error) {
	cfg, err := flags.ToRESTConfig()
	if err != nil {
		return nil, err
	}
	client, err := discovery.NewDiscoveryClientForConfig(cfg)
	if err != nil {
		return nil, err
	}
	return client.ServerVersionWithContext(ctx)
}

func (v Versions) print(out io.Writer, format string) error {
	if format == "json" {
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		return enc.Encode(v)
	}
	if _, err := fmt.Fprintf(out, "Client Version: %s\nKubectl Version: %s\n", v.ClientVersion.GitVersion, v.KubectlVersion); err != nil || v.ServerVersion == nil {
		return err
	}
	_, err := fmt.Fprintf(out, "Server Version: %s\n", report.Printable(v.ServerVersion.GitVersion))
	return err
}
