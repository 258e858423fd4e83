package image

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"runtime"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// builderVersion is part of every cache key. Raise it when the same inputs begin to
// give another image.
const builderVersion = "1"

// recipe is how one image is made.
type recipe struct {
	image Image
	file  string // name of the archive without .tar; one image of the cache
	arch  string
	// inputs is what decides the layer's content, apart from this package's code.
	inputs []string
	config v1.Config
	// layer writes the root file system as a tar, using dir for what it needs on the way.
	layer func(ctx context.Context, dir, tar string) error
}

// key names the cache entry: the same key, the same image. The Go version counts, as
// its libraries are in the binaries.
func (r recipe) key() (string, error) {
	config, err := json.Marshal(r.config)
	if err != nil {
		return "", fmt.Errorf("image %s: %w", r.image.Ref, err)
	}
	h := sha256.New()
	for _, part := range append([]string{builderVersion, runtime.Version(), r.image.Ref, r.arch, string(config)}, r.inputs...) {
		fmt.Fprintf(h, "%d:%s\n", len(part), part)
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:10]), nil
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
