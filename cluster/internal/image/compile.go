package image

import (
	"context"
	"embed"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/gotool"
)

// programs are the sources of what runs inside the images, so that whoever builds these
// needs no checkout. The Go ones import nothing but the standard library.
//
//go:embed programs
var programs embed.FS

// goModule makes a module of a program's folder.
const goModule = "module program\n\ngo 1.26\n"

// sources returns the files that decide a program: its folder, less tests.
func sources(program string) map[string]string {
	texts := map[string]string{}
	// The files are embedded: walking and reading them cannot fail, and a program of
	// another name is a mistake of this package.
	err := fs.WalkDir(programs, path.Join("programs", program), func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(p, "_test.go") {
			return err
		}
		text, err := programs.ReadFile(p)
		texts[path.Base(p)] = string(text)
		return err
	})
	if err != nil {
		panic(err)
	}
	return texts
}

// compile writes the program's sources below dir, builds them statically, and returns
// the path of the binary. It has no dependencies, so it needs no network.
func compile(ctx context.Context, program, arch, dir string) (string, error) {
	goTool, err := gotool.Find()
	if err != nil {
		return "", missing("go", "the programs of the images", "golang-go (1.26 or newer)")
	}
	src := filepath.Join(dir, "src")
	if err := os.MkdirAll(src, 0o700); err != nil {
		return "", err
	}
	files := sources(program)
	files["go.mod"] = goModule
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(src, name), []byte(text), 0o600); err != nil {
			return "", err
		}
	}
	binary := filepath.Join(dir, program)
	cmd := exec.CommandContext(ctx, goTool, "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", binary, ".")
	cmd.Dir = src
	// A workspace, flags or a target of the caller must not get into the image. An ended
	// `go build` leaves its temporary files behind: in dir they are removed with it.
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch, "GOAMD64=v1", "GOARM64=v8.0",
		"GOFLAGS=", "GOWORK=off", "GOTMPDIR="+dir)
	return binary, run(ctx, cmd)
}
