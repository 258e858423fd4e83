package image

import (
	"context"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// pauseRecipe makes an image of nothing but one static binary.
func pauseRecipe(image Image, arch string) recipe {
	_, tag, _ := strings.Cut(image.Ref, ":")
	return recipe{
		image:  image,
		arch:   arch,
		inputs: sorted(sources("pause")),
		config: v1.Config{
			Entrypoint: []string{"/pause"},
			User:       "65535:65535",
			WorkingDir: "/",
			Labels:     labels(image, tag),
		},
		layer: func(ctx context.Context, dir, path string) error {
			binary, err := compile(ctx, "pause", arch, dir)
			if err != nil {
				return err
			}
			return writeLayer(path, func(l *layerWriter) error { return l.addProgram("pause", binary, 0o755) })
		},
	}
}
