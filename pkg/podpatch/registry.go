package podpatch

import (
	"fmt"
	"strings"

	"github.com/distribution/reference"
)

// FromRegistry moves a reference to another registry: its path, tag and digest
// stay.
func FromRegistry(ref, registry string) (string, error) {
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
