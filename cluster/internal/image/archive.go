package image

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// epoch is the time of every file and image: an image is a function of its inputs.
var epoch = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

// write makes the image in dir, and its archive at path.
func (r recipe) write(ctx context.Context, dir, path string) error {
	root := filepath.Join(dir, "layer.tar")
	if err := r.layer(ctx, dir, root); err != nil {
		return err
	}
	img, err := r.assemble(root)
	if err != nil {
		return fmt.Errorf("image %s: %w", r.image.Ref, err)
	}
	// The name is a constant of this package, or was validated by BuildVariant.
	tag, err := name.NewTag(r.image.Ref)
	if err != nil {
		return fmt.Errorf("image name %q: %w", r.image.Ref, err)
	}
	if err := tarball.WriteToFile(path, tag, img); err != nil {
		return fmt.Errorf("image %s: write its archive: %w", r.image.Ref, err)
	}
	return nil
}

func (r recipe) assemble(root string) (v1.Image, error) {
	layer, err := tarball.LayerFromFile(root)
	if err != nil {
		return nil, err
	}
	img, err := mutate.Append(empty.Image, mutate.Addendum{
		Layer:   layer,
		History: v1.History{Created: v1.Time{Time: epoch}, CreatedBy: "kbe-cluster"},
	})
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
