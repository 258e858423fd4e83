//go:build e2e

package image

import (
	"bytes"
	"cmp"
	"debug/elf"
	"io"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// TestBuild makes every image, as `kbe-cluster up` does: it needs mmdebstrap and the
// package sources of this machine.
func TestBuild(t *testing.T) {
	cache := t.TempDir()
	last, silent := time.Now(), time.Duration(0)
	archive, err := Build(t.Context(), cache, func(string, ...any) {
		silent, last = max(silent, time.Since(last)), time.Now()
	})
	if err != nil {
		t.Fatal(err)
	}
	if silent > 5*time.Second {
		t.Errorf("silent for %s", silent)
	}
	again, err := Build(t.Context(), cache, quiet)
	if err != nil || again != archive {
		t.Errorf("warm: got %v, %v", again, err)
	}
	for _, image := range catalogue() {
		if _, config := open(t, archive, image.Ref); config.Config.Labels["io.github.kubectl-kbe.stands-in-for"] != image.StandsInFor {
			t.Errorf("%s: labels %v", image.Ref, config.Config.Labels)
		}
	}
	checkService(t, archive)
	checkShell(t, archive)
}

// checkService reads what a kubelet goes by: it is the original's, with its one architecture.
func checkService(t *testing.T, archive string) {
	t.Helper()
	img, config := open(t, archive, serviceRef)
	c := config.Config
	if config.Architecture != "amd64" || config.OS != "linux" || c.User != "" || len(c.Entrypoint) != 0 ||
		!slices.Equal(c.Cmd, []string{"python", "./simpleservice.py"}) || c.WorkingDir != "/usr/src/app" {
		t.Errorf("configuration %s/%s %+v", config.OS, config.Architecture, c)
	}
	for _, variable := range c.Env {
		if strings.HasPrefix(variable, "SIMPLE_SERVICE_VERSION=") || strings.HasPrefix(variable, "LISTEN_AFTER=") {
			t.Errorf("environment: expected nothing of a variant, found %s", variable)
		}
	}
	files := filesOf(t, mutate.Extract(img))
	if !bytes.Contains(files["usr/src/app/simpleservice.py"], []byte("0.0.0.0")) {
		t.Error("no program")
	}
	checkPrograms(t, files, "amd64")
}

// checkPrograms reads off programs which architecture they are for.
func checkPrograms(t *testing.T, files map[string][]byte, arch string) {
	t.Helper()
	for _, name := range []string{"usr/bin/bash", "usr/bin/curl", "usr/bin/cat"} {
		program, err := elf.NewFile(bytes.NewReader(files[name]))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if program.Machine != machines[arch] {
			t.Errorf("%s: expected a program for %s, found %s", name, arch, program.Machine)
		}
	}
}

func TestBuildVariant(t *testing.T) {
	cache, late := t.TempDir(), 3*time.Second
	const ref = "docker.io/mhausenblas/simpleservice:0.4.0"
	archive, err := BuildVariant(t.Context(), cache, Variant{Ref: ref, Version: "0.4.0", ListenAfter: &late}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := tarball.LoadManifest(func() (io.ReadCloser, error) { return os.Open(archive) })
	if err != nil || len(manifest) != 1 || !slices.Equal(manifest[0].RepoTags, []string{ref}) {
		t.Errorf("manifest %+v, %v", manifest, err)
	}
	_, config := open(t, archive)
	if env := config.Config.Env; !slices.Contains(env, "SIMPLE_SERVICE_VERSION=0.4.0") || !slices.Contains(env, "LISTEN_AFTER=3") {
		t.Errorf("environment %v", env)
	}
	for _, v := range []Variant{{Arch: "arm64"}, {ProgramArch: "arm64"}, {Arch: "arm64", ProgramArch: "amd64"}} {
		v.Ref = ref
		foreign, err := BuildVariant(t.Context(), cache, v, quiet)
		if err != nil {
			t.Fatal(err)
		}
		img, config := open(t, foreign)
		if want := cmp.Or(v.Arch, "amd64"); config.Architecture != want {
			t.Errorf("%+v: architecture %s, expected %s", v, config.Architecture, want)
		}
		checkPrograms(t, filesOf(t, mutate.Extract(img)), cmp.Or(v.ProgramArch, v.Arch))
	}
	if !exists(archive) {
		t.Error("the archive of another variant of the same name is gone")
	}
}

// checkShell has the programs of CentOS's image that examples use, and none that it lacks.
func checkShell(t *testing.T, archive string) {
	t.Helper()
	img, config := open(t, archive, shellRef)
	if cmd := config.Config.Cmd; len(cmd) != 1 || cmd[0] != "/bin/bash" {
		t.Errorf("command %q", cmd)
	}
	if config.Architecture != runtime.GOARCH {
		t.Errorf("architecture %s", config.Architecture)
	}
	files := filesOf(t, mutate.Extract(img))
	for _, want := range []string{"bash", "curl", "coreutils", "sleep", "grep", "sed", "timeout"} {
		if files["usr/bin/"+want] == nil {
			t.Errorf("no %s", want)
		}
	}
	if script := string(files["usr/bin/sleep"]); script != sleepScript {
		t.Errorf("sleep: %.80q", script)
	}
	if !anyMatch(files, "usr/lib/python3.*/http/server.py") {
		t.Error("no standard library of Python")
	}
	if !anyMatch(files, "usr/lib/python3.*/http/__pycache__/server.*.pyc") {
		t.Error("no bytecode of a module that services import")
	}
	for name := range files {
		for _, absent := range []string{"*/bin/hostname", "*/bin/ps", "*/bin/nc*", "*/bin/apt*", "*/bin/dpkg*", "etc/apt/*", "*/bin/perl*"} {
			if ok, _ := path.Match(absent, name); ok {
				t.Errorf("%s should not be there", name)
			}
		}
	}
}

func anyMatch(files map[string][]byte, pattern string) bool {
	for name := range files {
		if ok, _ := path.Match(pattern, name); ok {
			return true
		}
	}
	return false
}
