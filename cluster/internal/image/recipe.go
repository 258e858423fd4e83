package image

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// builderVersion is part of every cache key. Raise it when the same inputs begin to
// give another image.
const builderVersion = "2"

// epoch is the time of every file and image: an image is a function of its inputs.
var epoch = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

// recipe is how one image is made.
type recipe struct {
	image Image
	file  string // name of the archive without .tar; one image of the cache
	arch  string // as its configuration says
	// base is the layer below its own, if any.
	base *artifact
	// inputs is what decides its own layer's content, apart from this package's code.
	inputs []string
	config v1.Config
	// layer writes its own layer as a tar, using dir for what it needs on the way.
	layer func(ctx context.Context, dir, tar string) error
}

// archive returns the path of the image's archive below cacheDir, building it if need be.
func (r recipe) archive(ctx context.Context, cacheDir string, say func(string, ...any)) (string, error) {
	config, err := json.Marshal(r.config)
	if err != nil {
		return "", fmt.Errorf("image %s: %w", r.image.Ref, err)
	}
	inputs := append([]string{r.image.Ref, r.arch, string(config)}, r.inputs...)
	if r.base != nil {
		inputs = append(inputs, r.base.key)
	}
	a := artifact{what: "image " + r.image.Ref, file: r.file + ".tar", key: keyOf(inputs...), from: r.base,
		make: func(ctx context.Context, base, dir, path string) error {
			layers := []string{filepath.Join(dir, "layer.tar")}
			if err := r.layer(ctx, dir, layers[0]); err != nil {
				return err
			}
			if r.base != nil {
				layers = append([]string{base}, layers...)
			}
			return r.write(path, layers)
		}}
	return a.path(ctx, cacheDir, say)
}

// keyOf names a cache entry. The Go version counts, as its libraries are in the binaries.
func keyOf(inputs ...string) string {
	h := sha256.New()
	for _, part := range append([]string{builderVersion, runtime.Version()}, inputs...) {
		fmt.Fprintf(h, "%d:%s\n", len(part), part)
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:10])
}

// write makes an archive, in the form of `docker save`, of layers that are files.
func (r recipe) write(path string, layers []string) error {
	img, err := r.assemble(layers)
	if err != nil {
		return err
	}
	// The name is a constant of this package, or was validated by BuildVariant.
	tag, err := name.NewTag(r.image.Ref)
	if err != nil {
		return fmt.Errorf("its name: %w", err)
	}
	if err := tarball.WriteToFile(path, tag, img); err != nil {
		return fmt.Errorf("write its archive: %w", err)
	}
	return nil
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
		"org.opencontainers.image.title":       i.Ref + " (stand-in)",
		"org.opencontainers.image.description": i.Description,
		"org.opencontainers.image.source":      "https://github.com/kubectl-kbe/kubectl-kbe",
		"org.opencontainers.image.version":     version,
		"io.github.kubectl-kbe.stands-in-for":  i.StandsInFor,
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
