package image

import (
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/gotool"
	"github.com/kubectl-kbe/kubectl-kbe/images"
)

// sourcePaths lists what decides a program's binary: go.mod and its folder, less tests.
func sourcePaths(program string) []string {
	paths := []string{"go.mod"}
	// The files are embedded: walking them cannot fail, and a program of another name is
	// a mistake of this package.
	_ = fs.WalkDir(images.Sources, program, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			panic(err)
		}
		if !d.IsDir() && !strings.HasSuffix(p, "_test.go") {
			paths = append(paths, p)
		}
		return nil
	})
	return paths
}

func sourceTexts(program string) []string {
	var texts []string
	for _, p := range sourcePaths(program) {
		text, err := images.Sources.ReadFile(p)
		if err != nil {
			panic(err)
		}
		texts = append(texts, p, string(text))
	}
	return texts
}

// compile writes the program's sources below dir, builds them statically, and returns
// the path of the binary. It has no dependencies, so it needs no network.
func compile(ctx context.Context, program, arch, dir string) (string, error) {
	goTool, err := findGo()
	if err != nil {
		return "", err
	}
	texts := sourceTexts(program)
	for i := 0; i < len(texts); i += 2 {
		file := filepath.Join(dir, "src", filepath.FromSlash(texts[i]))
		if err := os.MkdirAll(path.Dir(file), 0o700); err != nil {
			return "", err
		}
		if err := os.WriteFile(file, []byte(texts[i+1]), 0o600); err != nil {
			return "", err
		}
	}
	binary := filepath.Join(dir, program)
	cmd := exec.CommandContext(ctx, goTool, "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", binary, "./"+program)
	cmd.Dir = filepath.Join(dir, "src")
	// A workspace, flags or a target of the caller must not get into the image. An ended
	// `go build` leaves its temporary files behind: in dir they are removed with it.
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch, "GOAMD64=v1", "GOARM64=v8.0",
		"GOFLAGS=", "GOWORK=off", "GOTMPDIR="+dir)
	return binary, run(ctx, cmd)
}

func findGo() (string, error) {
	path, err := gotool.Find()
	if err != nil {
		return "", missing("go", "the images of simpleservice and pause", "golang-go (1.26 or newer)")
	}
	return path, nil
}
