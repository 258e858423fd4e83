package image

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// twinRecipe makes simpleservice. Like the original, it has no version in its image's
// environment: the program knows it, and only a variant sets another.
func twinRecipe(ref, version, arch string) recipe {
	image := twinImage(ref)
	file, label, env := "simpleservice", "0.5.0", []string(nil)
	if version != "" {
		file, label = "simpleservice-"+fileName(ref), version
		env = []string{"SIMPLE_SERVICE_VERSION=" + version}
	}
	return programRecipe(image, "simpleservice", file, arch, v1.Config{
		Entrypoint:   []string{"/simpleservice"},
		User:         "65532:65532",
		WorkingDir:   "/",
		Env:          env,
		ExposedPorts: map[string]struct{}{"9876/tcp": {}},
		Labels:       labels(image, label),
	})
}

func pauseRecipe(image Image, file, arch string) recipe {
	_, tag, _ := strings.Cut(image.Ref, ":")
	return programRecipe(image, "pause", file, arch, v1.Config{
		Entrypoint: []string{"/pause"},
		User:       "65535:65535",
		WorkingDir: "/",
		Labels:     labels(image, tag),
	})
}

// programRecipe makes an image of nothing but one static binary at /PROGRAM.
func programRecipe(image Image, program, file, arch string, config v1.Config) recipe {
	return recipe{
		image:  image,
		file:   file,
		arch:   arch,
		inputs: sourceTexts(program),
		config: config,
		layer: func(ctx context.Context, dir, tar string) error {
			binary, err := compile(ctx, program, arch, dir)
			if err != nil {
				return fmt.Errorf("image %s: %w", image.Ref, err)
			}
			return writeProgramLayer(tar, program, binary)
		},
	}
}

var unsafeInFileName = regexp.MustCompile(`[^A-Za-z0-9.-]+`)

func fileName(ref string) string { return unsafeInFileName.ReplaceAllString(ref, "_") }
