package image

import (
	"context"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

const searchPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// sleepScript makes a process of sleep look as on CentOS.
const sleepScript = "#!/usr/bin/coreutils --coreutils-prog-shebang=sleep\n"

// shellRecipe makes the stand-in of CentOS: the base layer, and sleep as there.
func shellRecipe(arch string) (recipe, error) {
	base, err := baseLayer()
	if err != nil {
		return recipe{}, err
	}
	return recipe{
		image: shellImage, arch: arch, base: []artifact{base}, inputs: sorted(sources("coreutils")),
		config: v1.Config{
			Cmd:        []string{"/bin/bash"},
			WorkingDir: "/",
			Env:        []string{searchPath, "HOME=/root", "LANG=C.UTF-8"},
			Labels:     labels(shellImage, "stream9"),
		},
		layer: func(ctx context.Context, dir, path string) error {
			binary, err := compile(ctx, "coreutils", arch, dir)
			if err != nil {
				return err
			}
			return writeLayer(path, func(l *layerWriter) error {
				if err := l.addProgram("usr/bin/coreutils", binary, 0o755); err != nil {
					return err
				}
				return l.addText("usr/bin/sleep", sleepScript, 0o755)
			})
		},
	}, nil
}
