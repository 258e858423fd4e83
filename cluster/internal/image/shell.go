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

func shellRecipe(arch string) (recipe, error) {
	return packagesRecipe(shellImage, "shell", arch, shellPackages, v1.Config{Cmd: []string{"/bin/bash"}}, slim)
}

// packagesRecipe makes a root file system of this machine's own release, from the package
// sources that it is configured with; write makes the layer of it.
func packagesRecipe(image Image, file, arch string, packages []string, config v1.Config, write func(rootfs, layer string) error) (recipe, error) {
	release, err := hostRelease("/etc/os-release")
	if err != nil {
		return recipe{}, fmt.Errorf("image %s: %w", image.Ref, err)
	}
	config.WorkingDir = "/"
	config.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8"}
	config.Labels = labels(image, release)
	return recipe{
		image:  image,
		file:   file,
		arch:   arch,
		inputs: append([]string{release}, packages...),
		config: config,
		layer: func(ctx context.Context, dir, layer string) error {
			rootfs := filepath.Join(dir, "rootfs.tar")
			err := bootstrap(ctx, release, packages, dir, rootfs)
			if err == nil {
				err = write(rootfs, layer)
			}
			if err != nil {
				return fmt.Errorf("image %s: %w", image.Ref, err)
			}
			return nil
		},
	}, nil
}

// bootstrap has mmdebstrap download and unpack the packages. The variant extract runs
// none of their scripts, and so needs no chroot.
func bootstrap(ctx context.Context, release string, packages []string, dir, rootfs string) error {
	tool, err := exec.LookPath("mmdebstrap")
	if err != nil {
		return missing("mmdebstrap", "images of Debian packages", "mmdebstrap")
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
	args := []string{"--variant=extract", "--format=tar", "--include=" + strings.Join(packages, ","), "--aptopt=" + optionFile, release, rootfs}
	cmd := exec.CommandContext(ctx, tool, append(args, sources...)...)
	cmd.Env = append(os.Environ(), "TMPDIR="+dir, "LC_ALL=C.UTF-8")
	return run(ctx, cmd)
}

// slim copies the root file system without what no pod of an example uses, and adds the
// few files that a package's script would have made.
func slim(rootfs, layer string) error {
	return slimWith(rootfs, layer, func(*layerWriter) error { return nil })
}

// slimWith does the same, and lets more be added.
func slimWith(rootfs, layer string, more func(*layerWriter) error) (err error) {
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
		return fmt.Errorf("copy its root file system: %w", err)
	}
	if err := addAccounts(out, seen); err != nil {
		return err
	}
	return more(out)
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
