package image

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sync/errgroup"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/pki"
)

// agnhostPackages are what agnhost's own Dockerfile installs for the specs of hack/upstream.sh.
var agnhostPackages = append([]string{"curl", "iproute2", "netcat-openbsd", "socat"}, dnsPackages...)

// dnsPackages query names with dig and, through glibc, with getent.
var dnsPackages = []string{"base-files", "bash", "bind9-dnsutils", "coreutils", "grep", "hostname", "libc-bin", "sed"}

// BuildUpstream returns the archives of the images that the specs of hack/upstream.sh
// use, under the names that e2e.test has for them. bin is the folder of e2e.test and of
// the programs of the images (package parts). Otherwise it is as Build.
func BuildUpstream(ctx context.Context, cacheDir, bin string, progress func(format string, args ...any)) ([]string, error) {
	refs, err := exec.CommandContext(ctx, filepath.Join(bin, "e2e.test"), "--list-images").Output()
	if err != nil {
		return nil, fmt.Errorf("`e2e.test --list-images`: %w", err)
	}
	recipes, err := upstreamRecipes(strings.Fields(string(refs)), bin, runtime.GOARCH)
	if err != nil {
		return nil, err
	}
	archives, say := make([]string, len(recipes)), oneAtATime(progress)
	group, ctx := errgroup.WithContext(ctx)
	for i, r := range recipes {
		group.Go(func() error {
			a, err := archive("upstream-"+fileName(path.Base(r.image.Ref)), r)
			if err == nil {
				archives[i], err = a.path(ctx, cacheDir, say)
			}
			return err
		})
	}
	return archives, group.Wait()
}

// upstreamRecipes returns the recipes of those among all images of e2e.test that there is one for. Specs that change a
// pod's image use two versions of one.
func upstreamRecipes(refs []string, bin, arch string) ([]recipe, error) {
	makers := map[string]func(ref string) (recipe, error){
		"registry.k8s.io/e2e-test-images/agnhost":           func(ref string) (recipe, error) { return agnhostRecipe(ref, bin, arch) },
		"registry.k8s.io/e2e-test-images/busybox":           func(ref string) (recipe, error) { return busyboxRecipe(ref, arch) },
		"registry.k8s.io/e2e-test-images/glibc-dns-testing": func(ref string) (recipe, error) { return glibcDNSRecipe(ref, arch) },
		"registry.k8s.io/e2e-test-images/nginx":             func(ref string) (recipe, error) { return nginxRecipe(ref, arch) },
		"registry.k8s.io/e2e-test-images/nonewprivs":        func(ref string) (recipe, error) { return nonewprivsRecipe(ref, bin, arch), nil },
		"registry.k8s.io/pause":                             func(ref string) (recipe, error) { return pauseRecipe(pauseImage(ref), arch), nil },
	}
	var recipes []recipe
	made := map[string]bool{}
	for _, ref := range refs {
		name, _, _ := strings.Cut(ref, ":")
		name = strings.Replace(name, "/jessie-dnsutils", "/glibc-dns-testing", 1) // its name until v1.35
		maker, ok := makers[name]
		if !ok {
			continue // none of the specs uses it
		}
		r, err := maker(ref)
		if err != nil {
			return nil, err
		}
		recipes, made[name] = append(recipes, r), true
	}
	if len(made) < len(makers) {
		return nil, fmt.Errorf("images of e2e.test: expected %s among them, found %s",
			strings.Join(slices.Sorted(maps.Keys(makers)), ", "), strings.Join(refs, " "))
	}
	return recipes, nil
}

func agnhostRecipe(ref, bin, arch string) (recipe, error) {
	image := Image{Ref: ref, StandsInFor: "registry.k8s.io/e2e-test-images/agnhost",
		Description: "Stand-in: agnhost itself, built from the sources of Kubernetes, with curl, nc, ip and socat from this machine's distribution."}
	r, err := packagesRecipe(image, arch, agnhostPackages, v1.Config{Entrypoint: []string{"/agnhost"}, Cmd: []string{"pause"}},
		func(rootfs, layer string) error {
			return writeLayer(layer, func(out *layerWriter) error {
				if err := slim(rootfs, out); err != nil {
					return err
				}
				return addAgnhost(out, bin)
			})
		})
	r.inputs = append(r.inputs, bin) // the folder's name says what is in it
	return r, err
}

// addAgnhost adds what agnhost's own Dockerfile does. The second name is for specs that override the entrypoint.
func addAgnhost(out *layerWriter, bin string) error {
	if err := out.addProgram("agnhost", filepath.Join(bin, "agnhost"), 0o755); err != nil {
		return err
	}
	for _, h := range []tar.Header{
		{Typeflag: tar.TypeSymlink, Name: "agnhost-2", Linkname: "agnhost", Mode: 0o777},
		{Typeflag: tar.TypeSymlink, Name: "usr/local/bin/nc", Linkname: "/bin/nc.openbsd", Mode: 0o777}, // Debian's by a script of the package
		{Typeflag: tar.TypeDir, Name: "uploads", Mode: 0o755},
	} {
		if err := out.add(h, nil); err != nil {
			return err
		}
	}
	// porter serves TLS with these. They are public in the original, too: nothing verifies them.
	self, err := pki.NewAuthority("localhost")
	if err != nil {
		return err
	}
	return errors.Join(out.addText("localhost.crt", string(self.Cert), 0o644), out.addText("localhost.key", string(self.Key), 0o644))
}

func glibcDNSRecipe(ref, arch string) (recipe, error) {
	name, _, _ := strings.Cut(ref, ":")
	image := Image{Ref: ref, StandsInFor: name,
		Description: "Stand-in: dig and getent, with the glibc of this machine's distribution."}
	return packagesRecipe(image, arch, dnsPackages, v1.Config{Cmd: []string{"bash"}},
		func(rootfs, layer string) error {
			return writeLayer(layer, func(out *layerWriter) error { return slim(rootfs, out) })
		})
}

// nginxConfig is that of the original: it serves the distribution's welcome page, and logs to the container.
const nginxConfig = `daemon off;
user nobody nogroup;
error_log /dev/stderr notice;
events {}
http {
    include /etc/nginx/mime.types;
    access_log /dev/stdout;
    server {
        listen 80;
        listen [::]:80;
        root /usr/share/nginx/html;
    }
}
`

func nginxRecipe(ref, arch string) (recipe, error) {
	image := Image{Ref: ref, StandsInFor: "registry.k8s.io/e2e-test-images/nginx",
		Description: "Stand-in: nginx of this machine's distribution, of its version, with the configuration of the original."}
	r, err := packagesRecipe(image, arch, []string{"base-files", "bash", "coreutils", "nginx"}, v1.Config{Cmd: []string{"nginx"}},
		func(rootfs, layer string) error {
			return writeLayer(layer, func(out *layerWriter) error {
				if err := slim(rootfs, out); err != nil {
					return err
				}
				return addNginxFiles(out)
			})
		})
	r.inputs = append(r.inputs, nginxConfig)
	return r, err
}

// addNginxFiles replaces the configuration, and adds the folders that slim leaves out.
func addNginxFiles(out *layerWriter) error {
	for _, dir := range []string{"var/log/nginx", "var/lib/nginx"} {
		if err := out.add(tar.Header{Typeflag: tar.TypeDir, Name: dir, Mode: 0o755}, nil); err != nil {
			return err
		}
	}
	return out.addText("etc/nginx/nginx.conf", nginxConfig, 0o644)
}

// nonewprivsRecipe makes a setuid program that prints its effective user.
func nonewprivsRecipe(ref, bin, arch string) recipe {
	image := Image{Ref: ref, StandsInFor: "registry.k8s.io/e2e-test-images/nonewprivs",
		Description: "Stand-in: nonewprivs itself, built from the sources of Kubernetes, and nothing else."}
	_, tag, _ := strings.Cut(ref, ":")
	return recipe{image: image, arch: arch, inputs: []string{bin},
		config: v1.Config{Cmd: []string{"/usr/local/bin/nnp"}, WorkingDir: "/", Labels: labels(image, tag)},
		layer: func(_ context.Context, _, layer string) error {
			return writeLayer(layer, func(out *layerWriter) error {
				return out.addProgram("usr/local/bin/nnp", filepath.Join(bin, "nonewprivs"), 0o4755)
			})
		}}
}

func busyboxRecipe(ref, arch string) (recipe, error) {
	image := Image{Ref: ref, StandsInFor: "registry.k8s.io/e2e-test-images/busybox",
		Description: "Stand-in: busybox of this machine's distribution, a name per command, and nothing else."}
	return packagesRecipe(image, arch, []string{"busybox-static"}, v1.Config{Cmd: []string{"sh"}}, writeBusybox)
}

// writeBusybox takes the program out of rootfs, and asks it for its commands.
func writeBusybox(rootfs, layer string) error {
	program := filepath.Join(filepath.Dir(layer), "busybox")
	if err := extract(rootfs, "usr/bin/busybox", program); err != nil {
		return err
	}
	commands, err := exec.Command(program, "--list").Output()
	if err != nil {
		return fmt.Errorf("`busybox --list`: %w", err)
	}
	return writeLayer(layer, func(out *layerWriter) error { return addBusybox(out, program, strings.Fields(string(commands))) })
}

func addBusybox(out *layerWriter, program string, commands []string) error {
	for _, dir := range []struct {
		name string
		mode int64
	}{{"bin", 0o755}, {"etc", 0o755}, {"root", 0o700}, {"tmp", 0o1777}} {
		if err := out.add(tar.Header{Typeflag: tar.TypeDir, Name: dir.name, Mode: dir.mode}, nil); err != nil {
			return err
		}
	}
	if err := out.addProgram("bin/busybox", program, 0o755); err != nil {
		return err
	}
	for _, command := range commands {
		if command == "busybox" {
			continue
		}
		if err := out.add(tar.Header{Typeflag: tar.TypeSymlink, Name: "bin/" + command, Linkname: "busybox", Mode: 0o777}, nil); err != nil {
			return err
		}
	}
	return addAccounts(out)
}

// extract copies a program out of a tar.
func extract(archive, name, to string) error {
	in, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	for r := tar.NewReader(in); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("%s: not in its root file system", name)
		}
		if err != nil {
			return err
		}
		if h.Typeflag != tar.TypeReg || path.Clean(h.Name) != name {
			continue
		}
		var content bytes.Buffer
		if _, err := io.CopyN(&content, r, h.Size); err != nil {
			return err
		}
		return os.WriteFile(to, content.Bytes(), 0o755)
	}
}
