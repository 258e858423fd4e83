package engine

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/distribution/reference"
)

// images are the example's images with the overrides applied; the others come
// from registry, where that is not empty.
func (p *Plan) images(overrides map[string]string, registry string) (map[string]string, error) {
	images := maps.Clone(p.Example.Spec.Images)
	var errs []error
	for name, ref := range images {
		moved, err := fromRegistry(ref, registry)
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
		images[name] = ref
	}
	return images, errors.Join(errs...)
}

// fromRegistry moves a reference to another registry: its path, tag and digest
// stay.
func fromRegistry(ref, registry string) (string, error) {
	if registry == "" {
		return ref, nil
	}
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return "", fmt.Errorf("%s: %w", ref, err)
	}
	rest := strings.TrimPrefix(named.String(), reference.Domain(named))
	moved := strings.TrimSuffix(registry, "/") + rest
	if _, err := reference.ParseNormalizedNamed(moved); err != nil {
		return "", fmt.Errorf("registry %q: expected HOST[:PORT][/PATH]: %w", registry, err)
	}
	return moved, nil
}

// withImages puts the overrides into a manifest. Without any it stays as it is,
// to the byte.
func (p *Plan) withImages(manifest []byte, images map[string]string) []byte {
	for name, ref := range p.Example.Spec.Images {
		manifest = bytes.ReplaceAll(manifest, []byte("image: "+ref+"\n"), []byte("image: "+images[name]+"\n"))
	}
	return manifest
}
