package image

import (
	"archive/tar"
	"cmp"
	"context"
	"fmt"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Variant is what a stand-in of simpleservice may differ in from that of the catalogue,
// to see what becomes of a page on an image that is not as it should be.
type Variant struct {
	// Ref is its name, with registry and tag, as in docker.io/mhausenblas/simpleservice:0.4.0.
	Ref string
	// Version is what it answers unless a pod sets SIMPLE_SERVICE_VERSION itself; "": 0.5.0.
	Version string
	// ListenAfter is the time from its start to its listening; nil: half a second.
	ListenAfter *time.Duration
	// Arch is the architecture that the image says it is for; "": amd64.
	Arch string
	// ProgramArch is the one that its programs are for; "": Arch.
	ProgramArch string
}

// Never is a ListenAfter of a service that does not listen for as long as a pod lives.
const Never time.Duration = 50 * 365 * 24 * time.Hour

// validate returns an error that names what cannot be used.
func (v Variant) validate() error {
	if _, err := name.NewTag(v.Ref, name.StrictValidation); err != nil {
		return fmt.Errorf("image name %q: expected REGISTRY/NAME:TAG, as in %s: %w", v.Ref, serviceRef, err)
	}
	if v.Version != strings.TrimSpace(v.Version) || strings.ContainsRune(v.Version, 0) {
		return fmt.Errorf("version %q of image %s: expected a version to answer, as in 0.4.0", v.Version, v.Ref)
	}
	if v.ListenAfter != nil && *v.ListenAfter < 0 {
		return fmt.Errorf("time to listen %s of image %s: expected 0 or more", v.ListenAfter, v.Ref)
	}
	for _, arch := range []string{v.Arch, v.ProgramArch} {
		if _, known := machines[arch]; arch != "" && !known {
			return fmt.Errorf("architecture %q of image %s: expected amd64 or arm64", arch, v.Ref)
		}
	}
	return nil
}

// BuildVariant returns the archive of a stand-in of simpleservice that is not as the
// original is. Otherwise it is as Build.
func BuildVariant(ctx context.Context, cacheDir string, v Variant, progress func(format string, args ...any)) (string, error) {
	if err := v.validate(); err != nil {
		return "", err
	}
	r, err := serviceRecipe(v)
	if err != nil {
		return "", err
	}
	// Variants of one name may be in use at the same time.
	options := keyOf(append(v.env(), v.Arch, v.ProgramArch)...)
	a, err := archive("simpleservice-"+fileName(v.Ref)+"-"+options, r)
	if err != nil {
		return "", err
	}
	return a.path(ctx, cacheDir, oneAtATime(progress))
}

// serviceRecipe makes simpleservice. The original has one manifest, which is for amd64,
// and so has this one, wherever it is built. Where machines are not of that architecture
// its programs do not run either, as those of the original do not: foreignLayer.
func serviceRecipe(v Variant) (recipe, error) {
	image, arch := serviceImage(v.Ref), cmp.Or(v.Arch, "amd64")
	base, err := baseLayer()
	if programs := cmp.Or(v.ProgramArch, arch); programs != runtime.GOARCH {
		base, err = foreignLayer(programs)
	}
	if err != nil {
		return recipe{}, err
	}
	program := sources("simpleservice")["simpleservice.py"]
	return recipe{
		image: image, arch: arch, base: []artifact{base}, inputs: []string{program},
		config: v1.Config{
			Cmd:        []string{"python", "./simpleservice.py"},
			WorkingDir: "/usr/src/app",
			Env:        append([]string{searchPath, "LANG=C.UTF-8"}, v.env()...),
			Labels:     labels(image, cmp.Or(v.Version, "0.5.0")),
		},
		layer: func(_ context.Context, _, path string) error {
			return writeLayer(path, func(l *layerWriter) error { return addService(l, program) })
		},
	}, nil
}

// env is empty for the original: its program has its version.
func (v Variant) env() (env []string) {
	if v.Version != "" {
		env = append(env, "SIMPLE_SERVICE_VERSION="+v.Version)
	}
	if v.ListenAfter != nil {
		env = append(env, "LISTEN_AFTER="+strconv.FormatFloat(v.ListenAfter.Seconds(), 'f', -1, 64))
	}
	return env
}

func addService(l *layerWriter, program string) error {
	err := l.add(tar.Header{Typeflag: tar.TypeSymlink, Name: "usr/local/bin/python", Linkname: "/usr/bin/python3", Mode: 0o777}, nil)
	if err != nil {
		return err
	}
	return l.addText("usr/src/app/simpleservice.py", program, 0o644)
}

var unsafeInFileName = regexp.MustCompile(`[^A-Za-z0-9.-]+`)

func fileName(ref string) string { return unsafeInFileName.ReplaceAllString(ref, "_") }
