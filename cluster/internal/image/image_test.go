package image

import (
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

func quiet(string, ...any) {}

// archiveOf builds one image below cache.
func archiveOf(t *testing.T, r recipe, cache string) string {
	t.Helper()
	a, err := archive(fileName(path.Base(r.image.Ref)), r)
	if err != nil {
		t.Fatal(err)
	}
	path, err := a.path(t.Context(), cache, quiet)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// open reads an image of an archive; of one with several, that of a name.
func open(t *testing.T, archive string, refs ...string) (v1.Image, *v1.ConfigFile) {
	t.Helper()
	var tag *name.Tag
	for _, ref := range refs {
		named, err := name.NewTag(ref)
		if err != nil {
			t.Fatal(err)
		}
		tag = &named
	}
	img, err := tarball.ImageFromPath(archive, tag)
	if err != nil {
		t.Fatal(err)
	}
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	return img, config
}

func TestCatalogueSaysThatItStandsIn(t *testing.T) {
	for _, i := range catalogue() {
		if i.Ref == "" || i.StandsInFor == "" || !strings.HasPrefix(i.Description, "Stand-in") {
			t.Errorf("%+v", i)
		}
	}
}

// programArch reads the architecture off the binary in the image; there must be nothing
// else in it, and no dynamic loader.
func programArch(t *testing.T, img v1.Image) string {
	t.Helper()
	files := filesOf(t, mutate.Extract(img))
	if len(files) != 1 {
		t.Fatalf("got %d files, want the binary alone", len(files))
	}
	for _, content := range files {
		binary, err := elf.NewFile(bytes.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		if libraries, _ := binary.ImportedLibraries(); binary.Section(".interp") != nil || len(libraries) > 0 {
			t.Errorf("not static: needs %v", libraries)
		}
		return map[elf.Machine]string{elf.EM_X86_64: "amd64", elf.EM_AARCH64: "arm64"}[binary.Machine]
	}
	return ""
}

func TestPauseOfBothArchitectures(t *testing.T) {
	for _, arch := range []string{"amd64", "arm64"} {
		img, config := open(t, archiveOf(t, pauseRecipe(pauseImage(PauseRef), arch), t.TempDir()))
		if got := programArch(t, img); got != arch || config.Architecture != arch {
			t.Errorf("binary for %s, image for %s, want %s", got, config.Architecture, arch)
		}
	}
}

func TestSameInputsSameBytes(t *testing.T) {
	first, err := os.ReadFile(archiveOf(t, pauseRecipe(pauseImage(PauseRef), runtime.GOARCH), t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	second, err := os.ReadFile(archiveOf(t, pauseRecipe(pauseImage(PauseRef), runtime.GOARCH), t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) {
		t.Error("two builds differ")
	}
}

// textRecipe makes an image of one file.
func textRecipe(name, text string, base ...artifact) recipe {
	return recipe{image: Image{Ref: "registry.test/" + name}, arch: "amd64", base: base, inputs: []string{text},
		layer: func(_ context.Context, _, path string) error {
			return writeLayer(path, func(l *layerWriter) error { return l.addText("text", text, 0o644) })
		}}
}

func TestCache(t *testing.T) {
	cache := t.TempDir()
	oldPath, other := archiveOf(t, textRecipe("one", "old"), cache), archiveOf(t, textRecipe("other", ""), cache)

	r := textRecipe("one", "new")
	builds := 0 // guarded by the lock of the cache: the race detector would see more than one
	make := r.layer
	r.layer = func(ctx context.Context, dir, tar string) error {
		builds++
		return make(ctx, dir, tar)
	}
	a, err := archive("one", r)
	if err != nil {
		t.Fatal(err)
	}
	paths := [4]string{}
	var wg sync.WaitGroup
	for i := range paths {
		wg.Go(func() { paths[i], _ = a.path(context.Background(), cache, quiet) })
	}
	wg.Wait()
	if builds != 1 {
		t.Errorf("built %d times, want 1", builds)
	}
	for _, p := range paths {
		if p != paths[0] || !exists(p) {
			t.Errorf("archive %q, want %q", p, paths[0])
		}
	}
	if exists(filepath.Dir(oldPath)) {
		t.Error("the older archive is still there")
	}
	if !exists(other) {
		t.Error("the archive of another image is gone")
	}
}

// TestSharedLayer has two images on one layer, which is made once, and is once in their archive.
func TestSharedLayer(t *testing.T) {
	cache, made := t.TempDir(), 0
	base := artifact{what: "base", file: "base.tar.gz", key: "b", make: func(_ context.Context, _ []string, _, path string) error {
		made++
		return writeCompressed(path, func(l *layerWriter) error { return l.addText("base", "text", 0o644) })
	}}
	both := func(base artifact) string {
		a, err := archive("both", textRecipe("one", "1", base), textRecipe("none", "0"), textRecipe("two", "2", base))
		if err != nil {
			t.Fatal(err)
		}
		path, err := a.path(t.Context(), cache, quiet)
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	path := both(base)
	for name, text := range map[string]string{"one": "1", "two": "2"} {
		img, _ := open(t, path, "registry.test/"+name)
		files := filesOf(t, mutate.Extract(img))
		if len(files) != 2 || string(files["base"]) != "text" || string(files["text"]) != text {
			t.Errorf("%s: found the files %q", name, files)
		}
	}
	in, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	layers := 0
	for file := range filesOf(t, in) {
		if strings.HasSuffix(file, ".tar.gz") {
			layers++
		}
	}
	if made != 1 || layers != 4 {
		t.Errorf("expected the layer made once, and 4 layers in all; made %d times, %d layers", made, layers)
	}
	changed := base
	changed.key = "c"
	if both(changed) == path {
		t.Error("another base, and the same archive")
	}
}

// TestRetarget has all programs of a layer be for another machine, and nothing else changed.
func TestRetarget(t *testing.T) {
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	from, to := filepath.Join(dir, "from.tar.gz"), filepath.Join(dir, "to.tar")
	err = writeCompressed(from, func(l *layerWriter) error {
		return errors.Join(l.addProgram("usr/bin/program", "/proc/self/exe", 0o755), l.addText("script", "#!/bin/sh\n", 0o755), l.addText("short", "\x7fELF", 0o644))
	})
	if err != nil {
		t.Fatal(err)
	}
	for arch, machine := range machines {
		if err := writeLayer(to, func(l *layerWriter) error { return retarget(from, l, machine) }); err != nil {
			t.Fatal(err)
		}
		in, err := os.Open(to)
		if err != nil {
			t.Fatal(err)
		}
		files := filesOf(t, in)
		program, err := elf.NewFile(bytes.NewReader(files["usr/bin/program"]))
		if err != nil || program.Machine != machine {
			t.Errorf("%s: %v, %v", arch, program, err)
		}
		if same := arch == runtime.GOARCH; same != bytes.Equal(self, files["usr/bin/program"]) || len(self) != len(files["usr/bin/program"]) {
			t.Errorf("%s: expected the same program: %t", arch, same)
		}
		if string(files["script"]) != "#!/bin/sh\n" || string(files["short"]) != "\x7fELF" {
			t.Errorf("%s: what is no program has changed: %q", arch, files)
		}
	}
}

func TestFailedBuildLeavesNothing(t *testing.T) {
	for name, ctx := range map[string]context.Context{"failure": t.Context(), "cancelled": cancelled()} {
		cache := t.TempDir()
		r := pauseRecipe(pauseImage(PauseRef), "no-such-architecture")
		a, err := archive("pause", r)
		if err != nil {
			t.Fatal(err)
		}
		_, err = a.path(ctx, cache, quiet)
		if err == nil {
			t.Fatalf("%s: no error", name)
		}
		if name == "failure" && !strings.Contains(err.Error(), "no-such-architecture") {
			t.Errorf("%s: error does not say what the tool said: %v", name, err)
		}
		left, _ := filepath.Glob(filepath.Join(cache, "images", "*"))
		if len(left) != 1 || filepath.Base(left[0]) != "pause.tar.lock" {
			t.Errorf("%s: left %v", name, left)
		}
	}
}

func cancelled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

func TestMissingToolNamesPackage(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	err := bootstrap(t.Context(), "bookworm", basePackages, t.TempDir(), "rootfs.tar")
	if err == nil || !strings.Contains(err.Error(), "install the package mmdebstrap") {
		t.Errorf("got %v", err)
	}
}
