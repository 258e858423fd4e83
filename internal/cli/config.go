package cli

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"sigs.k8s.io/yaml"

	"github.com/kubectl-kbe/kubectl-kbe/internal/podpatch"
	"github.com/kubectl-kbe/kubectl-kbe/internal/reach"
	"github.com/kubectl-kbe/kubectl-kbe/internal/report"
	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// configVariable is the environment variable that names a file with defaults.
const configVariable = "KUBECTL_KBE_CONFIG"

// addConfigFlag adds --config.
func addConfigFlag(flags *pflag.FlagSet) {
	flags.String("config", "", "File with defaults for flags (default: the file in $"+configVariable+", if set)")
}

// applyConfig gives the flags of a command the values of the file with defaults, if there
// is one, unless they are set on the command line.
func applyConfig(c *cobra.Command) error {
	path, source := c.Flag("config").Value.String(), "--config"
	if path == "" {
		path, source = os.Getenv(configVariable), configVariable
	}
	if path == "" {
		return nil
	}
	config, err := readConfig(path)
	if err != nil {
		return fmt.Errorf("%s %s: %w", source, path, err)
	}
	for name, value := range map[string]string{
		"namespace": config.Namespace, "registry": config.Registry, "image-pull-secret": config.ImagePullSecret, "view": config.View,
	} {
		if f := c.Flag(name); f != nil && !f.Changed && value != "" {
			if err := f.Value.Set(value); err != nil {
				return fmt.Errorf("%s %s: %s: %w", source, path, name, err)
			}
		}
	}
	if f := c.Flag("image"); f != nil {
		run.SetDefaultImages(f, config.Images)
	}
	return nil
}

// readConfig reads a file with defaults, and checks it: an error of a flag would not name
// the file.
func readConfig(path string) (*v1alpha1.Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	config := &v1alpha1.Config{}
	if err := yaml.UnmarshalStrict(text, config); err != nil {
		return nil, err
	}
	if config.APIVersion != v1alpha1.GroupVersion.String() || config.Kind != v1alpha1.ConfigKind {
		return nil, fmt.Errorf("expected apiVersion: %s and kind: %s, found apiVersion: %s and kind: %s",
			v1alpha1.GroupVersion, v1alpha1.ConfigKind, cmp.Or(config.APIVersion, "(none)"), cmp.Or(config.Kind, "(none)"))
	}
	if config.View != "" && !slices.Contains(report.Views(), config.View) {
		return nil, fmt.Errorf("view: expected one of %s, found %q", strings.Join(report.Views(), ", "), config.View)
	}
	if _, err := podpatch.FromRegistry(reach.ShellReference, config.Registry); err != nil {
		return nil, fmt.Errorf("registry: %w", err)
	}
	known := run.Options{Images: config.Images}
	if _, err := known.References(config.Images); err != nil {
		return nil, err
	}
	return config, nil
}
