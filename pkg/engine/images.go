package engine

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/distribution/reference"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/podpatch"
)

// Images are the example's images, by short name, with the overrides applied; the
// others come from registry, where that is not empty. The error tells of each
// name that the example does not have, and of each reference that is not valid.
func (p *Plan) Images(overrides map[string]string, registry string) (map[string]string, error) {
	images := maps.Clone(p.Example.Spec.Images)
	var errs []error
	for name, ref := range images {
		moved, err := podpatch.FromRegistry(ref, registry)
		if err != nil {
			errs = append(errs, fmt.Errorf("image %q: %w", name, err))
			continue
		}
		images[name] = moved
	}
	for name, ref := range overrides {
		if _, ok := images[name]; !ok {
			errs = append(errs, fmt.Errorf("image %q: the example %q has no image of that name, only %s",
				name, p.Example.Metadata.Name, strings.Join(slices.Sorted(maps.Keys(images)), ", ")))
			continue
		}
		if _, err := reference.ParseNormalizedNamed(ref); err != nil {
			errs = append(errs, fmt.Errorf("image %q: expected a reference such as HOST/NAME:TAG, found %q: %w", name, ref, err))
		}
		images[name] = ref
	}
	return images, errors.Join(errs...)
}

// withImages puts the overrides into a manifest. Without any it stays as it is,
// to the byte.
func (p *Plan) withImages(manifest []byte, images map[string]string) []byte {
	for name, ref := range p.Example.Spec.Images {
		manifest = bytes.ReplaceAll(manifest, []byte("image: "+ref+"\n"), []byte("image: "+images[name]+"\n"))
	}
	return manifest
}
