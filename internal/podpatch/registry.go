package podpatch

import (
	"fmt"
	"strings"

	"github.com/distribution/reference"
)

// ownRegistry stands, in the path of a mirror, for the registry of the image itself.
const ownRegistry = "{registry}"

// FromRegistry moves a reference to another registry: its path, tag and digest stay.
// The registry is HOST[:PORT][/PATH]; {registry} in its path becomes the reference's own
// registry, as in mirrors that keep it: mirror.example/{registry}.
func FromRegistry(ref, registry string) (string, error) {
	if registry == "" {
		return ref, nil
	}
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return "", fmt.Errorf("%s: %w", ref, err)
	}
	own := reference.Domain(named)
	rest := strings.TrimPrefix(named.String(), own)
	host, path, _ := strings.Cut(strings.TrimSuffix(registry, "/"), "/")
	if path != "" {
		path = "/" + strings.ReplaceAll(path, ownRegistry, own)
	}
	moved, err := reference.ParseNormalizedNamed(host + path + rest)
	if err != nil || reference.Domain(moved) != host {
		return "", fmt.Errorf("registry %q: expected HOST[:PORT][/PATH], such as mirror.example:5000/%s: %w", registry, ownRegistry, err)
	}
	return host + path + rest, nil
}
