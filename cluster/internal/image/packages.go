package image

import (
	"archive/tar"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// packagesRecipe makes a root file system of this machine's own release, from the package
// sources that it is configured with; write makes the layer of it.
func packagesRecipe(image Image, arch string, packages []string, config v1.Config, write func(rootfs, layer string) error) (recipe, error) {
	release, err := hostRelease("/etc/os-release")
	if err != nil {
		return recipe{}, fmt.Errorf("image %s: %w", image.Ref, err)
	}
	config.WorkingDir = "/"
	config.Env = []string{searchPath, "HOME=/root", "LANG=C.UTF-8"}
	config.Labels = labels(image, release)
	return recipe{
		image:  image,
		arch:   arch,
		inputs: append([]string{release}, packages...),
		config: config,
		layer: func(ctx context.Context, dir, layer string) error {
			rootfs := filepath.Join(dir, "rootfs.tar")
			if err := bootstrap(ctx, release, packages, dir, rootfs); err != nil {
				return err
			}
			return write(rootfs, layer)
		},
	}, nil
}

// mergeUsr has /bin and the like be links into /usr, as on CentOS and newer releases.
const mergeUsr = `--setup-hook=for d in bin lib lib64 sbin; do mkdir -p "$1/usr/$d" && ln -s "usr/$d" "$1/$d"; done`

// bootstrap has mmdebstrap download and unpack the packages. The variant extract runs
// none of their scripts; hooks are more options.
func bootstrap(ctx context.Context, release string, packages []string, dir, rootfs string, hooks ...string) error {
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
	args := append(slices.Clone(hooks), mergeUsr, "--variant=extract", "--format=tar", "--include="+strings.Join(packages, ","), "--aptopt="+optionFile, release, rootfs)
	cmd := exec.CommandContext(ctx, tool, append(args, sources...)...)
	cmd.Env = append(os.Environ(), "TMPDIR="+dir, "LC_ALL=C.UTF-8")
	return run(ctx, cmd)
}

// slim copies the root file system without what no pod of an example uses, and adds the
// few files that a package's script would have made.
func slim(rootfs string, out *layerWriter) error {
	in, err := os.Open(rootfs)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	seen, err := copyKept(tar.NewReader(in), out)
	if err != nil {
		return err
	}
	if err := addAccounts(out); err != nil || seen["usr/bin/sh"] {
		return err
	}
	// What it is on CentOS.
	return out.add(tar.Header{Typeflag: tar.TypeSymlink, Name: "usr/bin/sh", Linkname: "bash", Mode: 0o777}, nil)
}

// addAccounts gives names to uid 0 and to the user of hardened pods.
func addAccounts(out *layerWriter) error {
	if err := out.addText("etc/passwd", "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/:/bin/bash\n", 0o644); err != nil {
		return err
	}
	return out.addText("etc/group", "root:x:0:\nnogroup:x:65534:\n", 0o644)
}
