package run

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/distribution/reference"
	"github.com/spf13/pflag"

	"github.com/kubectl-kbe/kubectl-kbe/internal/podpatch"
	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
)

// Options are what a user decides about any run.
type Options struct {
	session.Options
	// Namespace is an existing one, or "" for a new one.
	Namespace string
	// Images override references by short name.
	Images map[string]string
	// defaultImages are those of a file with defaults, which may name images that a
	// run does not use.
	defaultImages map[string]string
	// Registry is the host that all other images are taken from, or "" (see
	// podpatch.FromRegistry).
	Registry string
	// PullSecret is the name of a Secret, in an existing Namespace, with the
	// credentials for the images' registry, or "".
	PullSecret string
	// Dump is a folder to write all evidence to before the cleanup, or "".
	// DumpFailures leaves it out where the work passes.
	Dump         string
	DumpFailures bool
	// GrantedBy are the arguments with which kubectl kbe rbac prints the run's
	// permissions; "" means those for the name of the work.
	GrantedBy string
}

// AddFlags adds the flags that have the same meaning for all that runs. images says in
// the help which names --image knows.
func (o *Options) AddFlags(flags *pflag.FlagSet, images string) {
	flags.StringToStringVar(&o.Images, "image", nil, "Use another image, as NAME=REF"+images)
	image := flags.Lookup("image")
	image.Value = imagesValue{image.Value, &o.defaultImages}
	flags.StringVar(&o.Registry, "registry", "",
		"Pull all other images from this registry, as HOST[:PORT][/PATH]; {registry} in the path stands for the image's own registry")
	flags.StringVar(&o.PullSecret, "image-pull-secret", "", "Name of a secret with registry credentials, in the namespace of -n")
	flags.BoolVar(&o.WithSidecars, "with-sidecars", false, "Let service meshes add their sidecars to the pods, which decline them otherwise")
	flags.DurationVar(&o.Timeout, "timeout", 0, "Time limit for the run, such as 90s, excluding cleanup (default: none)")
	flags.StringVar(&o.Dump, "dump", "",
		"Write the pods, events, logs and namespace to this folder before cleanup, without secrets and environment values")
}

// imagesValue is the value of --image, and where its defaults are.
type imagesValue struct {
	pflag.Value
	defaults *map[string]string
}

// SetDefaultImages has a run use these images, by short name, where it uses an image of
// that name and the flag --image does not name another.
func SetDefaultImages(flag *pflag.Flag, images map[string]string) {
	if value, ok := flag.Value.(imagesValue); ok {
		*value.defaults = images
	}
}

// AddKeepFlag adds --keep.
func (o *Options) AddKeepFlag(flags *pflag.FlagSet) {
	flags.BoolVar(&o.Keep, "keep", false, "Keep all resources, and print the command that deletes them")
}

// Validate checks the options, and makes the folder of Dump.
func (o *Options) Validate() error {
	if o.PullSecret != "" && o.Namespace == "" {
		return fmt.Errorf("--image-pull-secret %s: the run's own namespace has no secrets: set the secret's namespace with -n", o.PullSecret)
	}
	if o.Timeout < 0 {
		return fmt.Errorf("--timeout %s: expected a time greater than 0, such as 90s", o.Timeout)
	}
	if o.Dump == "" {
		return nil
	}
	err := os.MkdirAll(o.Dump, 0o700)
	if err == nil {
		err = CanWrite(o.Dump)
	}
	if err != nil {
		return fmt.Errorf("--dump %s: expected a writable folder: %w", o.Dump, err)
	}
	return nil
}

// CanWrite reports whether files can be created in a folder.
func CanWrite(dir string) error {
	probe, err := os.CreateTemp(dir, ".kubectl-kbe-*")
	if err != nil {
		return err
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// Overrides are the images that replace defaults, by short name: those of the command line,
// and those of a file with defaults which name one of the run's images.
func (o *Options) Overrides(defaults map[string]string) map[string]string {
	all := map[string]string{}
	for name, ref := range o.defaultImages {
		if _, used := defaults[name]; used {
			all[name] = ref
		}
	}
	maps.Copy(all, o.Images)
	return all
}

// References are the images of a run, by short name: those of defaults, from Registry,
// with the Overrides. The error names each override that no default has, and
// each reference that is not valid.
func (o *Options) References(defaults map[string]string) (map[string]string, error) {
	refs := maps.Clone(defaults)
	var errs []error
	for name, ref := range defaults {
		moved, err := podpatch.FromRegistry(ref, o.Registry)
		if err != nil {
			errs = append(errs, fmt.Errorf("--registry, for the image %s: %w", name, err))
			continue
		}
		refs[name] = moved
	}
	for name, ref := range o.Overrides(defaults) {
		if _, ok := defaults[name]; !ok {
			errs = append(errs, fmt.Errorf("--image %s=%s: expected NAME=REF with one of the names %s",
				name, ref, strings.Join(slices.Sorted(maps.Keys(defaults)), ", ")))
			continue
		}
		if _, err := reference.ParseNormalizedNamed(ref); err != nil {
			errs = append(errs, fmt.Errorf("--image %s=%s: expected a reference such as HOST/NAME:TAG, found %q: %w", name, ref, ref, err))
		}
		refs[name] = ref
	}
	return refs, errors.Join(errs...)
}
