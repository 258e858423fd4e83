package image

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// shellPackages have the same names on Debian and Ubuntu, and are in the component main.
// base-files brings the directories, ncurses-base the terminals that `exec -it` brings.
var shellPackages = []string{"base-files", "bash", "coreutils", "curl", "grep", "hostname", "ncurses-base", "procps", "sed"}

// shellRecipe makes a root file system of this machine's own release, from the package
// sources that it is configured with.
func shellRecipe(arch string) (recipe, error) {
	release, err := hostRelease("/etc/os-release")
	if err != nil {
		return recipe{}, fmt.Errorf("image %s: %w", shellRef, err)
	}
	return recipe{
		image:  shellImage,
		file:   "shell",
		arch:   arch,
		inputs: append([]string{release}, shellPackages...),
		config: v1.Config{
			Cmd:        []string{"/bin/bash"},
			WorkingDir: "/",
			Env:        []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8"},
			Labels:     labels(shellImage, release),
		},
		layer: func(ctx context.Context, dir, layer string) error {
			rootfs := filepath.Join(dir, "rootfs.tar")
			if err := bootstrap(ctx, release, dir, rootfs); err != nil {
				return fmt.Errorf("image %s: %w", shellRef, err)
			}
			return slim(rootfs, layer)
		},
	}, nil
}

// bootstrap has mmdebstrap download and unpack the packages. The variant extract runs
// none of their scripts, and so needs no chroot.
func bootstrap(ctx context.Context, release, dir, rootfs string) error {
	tool, err := exec.LookPath("mmdebstrap")
	if err != nil {
		return missing("mmdebstrap", "the image "+shellRef, "mmdebstrap")
	}
	sources, err := hostSources("/etc/apt", release)
	if err != nil {
		return err
	}
	options, err := downloadOptions(ctx)
	if err != nil {
		return err
	}
	// In a file, not as arguments: a proxy's address may hold a password.
	optionFile := filepath.Join(dir, "apt.conf")
	if err := os.WriteFile(optionFile, []byte(options), 0o600); err != nil {
		return err
	}
	args := []string{"--variant=extract", "--format=tar", "--include=" + strings.Join(shellPackages, ","), "--aptopt=" + optionFile, release, rootfs}
	cmd := exec.CommandContext(ctx, tool, append(args, sources...)...)
	cmd.Env = append(os.Environ(), "TMPDIR="+dir, "LC_ALL=C.UTF-8")
	return run(ctx, cmd)
}

// slim copies the root file system without what no pod of an example uses, and adds the
// few files that a package's script would have made.
func slim(rootfs, layer string) (err error) {
	in, err := os.Open(rootfs)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	out, err := newLayer(layer)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.close()) }()
	seen, err := copyKept(tar.NewReader(in), out)
	if err != nil {
		return fmt.Errorf("image %s: copy its root file system: %w", shellRef, err)
	}
	return addAccounts(out, seen)
}

// addAccounts gives names to uid 0 and to the user of hardened pods, and makes /bin/sh
// what it is on CentOS.
func addAccounts(out *layerWriter, seen map[string]bool) error {
	for _, file := range []struct{ name, text string }{
		{"etc/passwd", "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/:/bin/bash\n"},
		{"etc/group", "root:x:0:\nnogroup:x:65534:\n"},
	} {
		h := tar.Header{Typeflag: tar.TypeReg, Name: file.name, Mode: 0o644, Size: int64(len(file.text))}
		if err := out.add(h, strings.NewReader(file.text)); err != nil {
			return err
		}
	}
	if seen["bin/sh"] || seen["usr/bin/sh"] {
		return nil
	}
	sh := "usr/bin/sh"
	if seen["bin/bash"] {
		sh = "bin/sh"
	}
	return out.add(tar.Header{Typeflag: tar.TypeSymlink, Name: sh, Linkname: "bash", Mode: 0o777}, nil)
}
