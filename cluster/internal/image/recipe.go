package image

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// builderVersion is part of every cache key. Raise it when the same inputs begin to
// give another image.
const builderVersion = "3"

// epoch is the time of every file and image: an image is a function of its inputs.
var epoch = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

// recipe is how one image is made.
type recipe struct {
	image Image
	arch  string // as its configuration says
	// base are the layers below its own.
	base []artifact
	// inputs is what decides its own layer's content, apart from this package's code.
	inputs []string
	config v1.Config
	// layer writes its own layer as a tar, using dir for what it needs on the way.
	layer func(ctx context.Context, dir, tar string) error
}

// archive is a file of images, in the form of `docker save`. A layer that several of them
// have is in it once.
func archive(file string, recipes ...recipe) (artifact, error) {
	a := artifact{file: file + ".tar"}
	var inputs, refs []string
	for _, r := range recipes {
		config, err := json.Marshal(r.config)
		if err != nil {
			return a, fmt.Errorf("image %s: %w", r.image.Ref, err)
		}
		inputs = append(append(inputs, r.image.Ref, r.arch, string(config)), r.inputs...)
		for _, base := range r.base {
			inputs = append(inputs, base.key)
		}
		a.from = append(a.from, r.base...)
		refs = append(refs, r.image.Ref)
	}
	a.what, a.key = "image "+strings.Join(refs, ", "), keyOf(inputs...)
	a.make = func(ctx context.Context, from []string, dir, path string) error {
		images := map[name.Tag]v1.Image{}
		for _, r := range recipes {
			base := from[:len(r.base)]
			from = from[len(r.base):]
			tag, img, err := r.build(ctx, base, filepath.Join(dir, fileName(r.image.Ref)))
			if err != nil {
				return fmt.Errorf("image %s: %w", r.image.Ref, err)
			}
			images[tag] = img
		}
		return tarball.MultiWriteToFile(path, images)
	}
	return a, nil
}

// keyOf names a cache entry. The Go version counts, as its libraries are in the binaries.
func keyOf(inputs ...string) string {
	h := sha256.New()
	for _, part := range append([]string{builderVersion, runtime.Version()}, inputs...) {
		fmt.Fprintf(h, "%d:%s\n", len(part), part)
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:10])
}

// build makes the image on layers that are files, and leaves its own layer in dir.
func (r recipe) build(ctx context.Context, base []string, dir string) (name.Tag, v1.Image, error) {
	// The name is a constant of this package, or was validated by BuildVariant.
	tag, err := name.NewTag(r.image.Ref)
	if err != nil {
		return tag, nil, err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return tag, nil, err
	}
	own := filepath.Join(dir, "layer.tar")
	if err := r.layer(ctx, dir, own); err != nil {
		return tag, nil, err
	}
	img, err := r.assemble(append(slices.Clone(base), own))
	return tag, img, err
}

func (r recipe) assemble(layers []string) (v1.Image, error) {
	var adds []mutate.Addendum
	for _, path := range layers {
		layer, err := tarball.LayerFromFile(path)
		if err != nil {
			return nil, err
		}
		adds = append(adds, mutate.Addendum{Layer: layer, History: v1.History{Created: v1.Time{Time: epoch}, CreatedBy: "kbe-cluster"}})
	}
	img, err := mutate.Append(empty.Image, adds...)
	if err != nil {
		return nil, err
	}
	file, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	file = file.DeepCopy()
	file.Created = v1.Time{Time: epoch}
	file.OS, file.Architecture = "linux", r.arch
	file.Config = r.config
	return mutate.ConfigFile(img, file)
}

func labels(i Image, version string) map[string]string {
	return map[string]string{
		"org.opencontainers.image.title":   i.Ref + " (stand-in)",
		"org.opencontainers.image.source":  "https://github.com/kubectl-kbe/kubectl-kbe",
		"org.opencontainers.image.version": version,
		description:                        i.Description,
		standsInFor:                        i.StandsInFor,
	}
}

// sorted lists sources for a cache key.
func sorted(sources map[string]string) []string {
	var texts []string
	for name, text := range sources {
		texts = append(texts, name+"\n"+text)
	}
	slices.Sort(texts)
	return texts
}
