package image

import (
	"context"
	"path/filepath"
	"runtime"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// dnsRecipe makes an image of CoreDNS alone, one of the parts in bin: those of all versions of Kubernetes
// have the same one.
func dnsRecipe(bin, arch string) (recipe, error) {
	built, err := buildOf(bin, "coredns")
	if err != nil {
		return recipe{}, err
	}
	return recipe{
		image:  dnsImage,
		arch:   arch,
		inputs: []string{built},
		config: v1.Config{
			Entrypoint: []string{"/coredns"},
			User:       "65532:65532",
			WorkingDir: "/",
			Labels:     labels(dnsImage, "v1.15.0"),
		},
		layer: func(_ context.Context, _, path string) error {
			return writeLayer(path, func(l *layerWriter) error { return l.addProgram("coredns", filepath.Join(bin, "coredns"), 0o755) })
		},
	}, nil
}

// BuildDNS is Build for the image of CoreDNS. bin is the folder of the parts.
func BuildDNS(ctx context.Context, cacheDir, bin string, progress func(format string, args ...any)) (string, error) {
	dns, err := dnsRecipe(bin, runtime.GOARCH)
	if err != nil {
		return "", err
	}
	a, err := archive("coredns", dns)
	if err != nil {
		return "", err
	}
	return a.path(ctx, cacheDir, oneAtATime(progress))
}
