package image

import (
	"bytes"
	"context"
	"debug/elf"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

func quiet(string, ...any) {}

func archiveOf(t *testing.T, r recipe, cache string) string {
	t.Helper()
	path, err := r.archive(t.Context(), cache, quiet)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t *testing.T, archive string) (v1.Image, *v1.ConfigFile) {
	t.Helper()
	img, err := tarball.ImageFromPath(archive, nil)
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
	for _, i := range Catalogue() {
		if i.Ref == "" || i.StandsInFor == "" || !strings.HasPrefix(i.Description, "Stand-in") {
			t.Errorf("%+v", i)
		}
	}
}

func TestTwinImage(t *testing.T) {
	img, config := open(t, archiveOf(t, twinRecipe(twinRef, "", runtime.GOARCH), t.TempDir()))
	if config.Architecture != runtime.GOARCH || config.OS != "linux" {
		t.Errorf("platform %s/%s", config.OS, config.Architecture)
	}
	c := config.Config
	if len(c.Entrypoint) != 1 || c.Entrypoint[0] != "/simpleservice" || c.User != "65532:65532" || len(c.Env) != 0 {
		t.Errorf("config %+v", c)
	}
	if c.Labels["io.github.kubectl-kbe.stands-in-for"] != "mhausenblas/simpleservice" {
		t.Errorf("labels %v", c.Labels)
	}
	if got := programArch(t, img); got != runtime.GOARCH {
		t.Errorf("binary for %s", got)
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

func TestBothArchitectures(t *testing.T) {
	for _, arch := range []string{"amd64", "arm64"} {
		for _, r := range []recipe{twinRecipe(twinRef, "", arch), pauseRecipe(pauseImage(PauseRef), "pause", arch)} {
			img, config := open(t, archiveOf(t, r, t.TempDir()))
			if got := programArch(t, img); got != arch || config.Architecture != arch {
				t.Errorf("%s: binary for %s, image for %s, want %s", r.image.Ref, got, config.Architecture, arch)
			}
		}
	}
}

func TestSameInputsSameBytes(t *testing.T) {
	first, err := os.ReadFile(archiveOf(t, pauseRecipe(pauseImage(PauseRef), "pause", runtime.GOARCH), t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	second, err := os.ReadFile(archiveOf(t, pauseRecipe(pauseImage(PauseRef), "pause", runtime.GOARCH), t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) {
		t.Error("two builds differ")
	}
}

func TestVariant(t *testing.T) {
	const ref = "docker.io/mhausenblas/simpleservice:0.4.0"
	archive, err := BuildVariant(t.Context(), t.TempDir(), ref, "0.4.0")
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := tarball.LoadManifest(func() (io.ReadCloser, error) { return os.Open(archive) })
	if err != nil {
		t.Fatal(err)
	}
	if len(manifest) != 1 || len(manifest[0].RepoTags) != 1 || manifest[0].RepoTags[0] != ref {
		t.Errorf("manifest %+v", manifest)
	}
	_, config := open(t, archive)
	if env := config.Config.Env; len(env) != 1 || env[0] != "SIMPLE_SERVICE_VERSION=0.4.0" {
		t.Errorf("environment %v", env)
	}
	for _, bad := range []struct{ ref, version string }{
		{"simpleservice", "0.4.0"},
		{"docker.io/mhausenblas/simpleservice", "0.4.0"},
		{"docker.io/UPPER/x:1", "0.4.0"},
		{ref, " "},
	} {
		if _, err := BuildVariant(t.Context(), t.TempDir(), bad.ref, bad.version); err == nil {
			t.Errorf("%+v: no error", bad)
		}
	}
}

func TestCache(t *testing.T) {
	cache := t.TempDir()
	old := pauseRecipe(pauseImage(PauseRef), "pause", runtime.GOARCH)
	old.inputs = append(old.inputs, "an older source")
	oldPath := archiveOf(t, old, cache)
	twin := archiveOf(t, twinRecipe(twinRef, "", runtime.GOARCH), cache)

	r := pauseRecipe(pauseImage(PauseRef), "pause", runtime.GOARCH)
	builds := 0 // guarded by the lock of the cache: the race detector would see more than one
	make := r.layer
	r.layer = func(ctx context.Context, dir, tar string) error {
		builds++
		return make(ctx, dir, tar)
	}
	paths := [4]string{}
	var wg sync.WaitGroup
	for i := range paths {
		wg.Go(func() { paths[i], _ = r.archive(context.Background(), cache, quiet) })
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
	if !exists(twin) {
		t.Error("the archive of another image is gone")
	}
}

func TestFailedBuildLeavesNothing(t *testing.T) {
	for name, ctx := range map[string]context.Context{"failure": t.Context(), "cancelled": cancelled()} {
		cache := t.TempDir()
		r := pauseRecipe(pauseImage(PauseRef), "pause", "no-such-architecture")
		_, err := r.archive(ctx, cache, quiet)
		if err == nil {
			t.Fatalf("%s: no error", name)
		}
		if name == "failure" && !strings.Contains(err.Error(), "no-such-architecture") {
			t.Errorf("%s: error does not say what the tool said: %v", name, err)
		}
		left, _ := filepath.Glob(filepath.Join(cache, "images", "*"))
		if len(left) != 1 || filepath.Base(left[0]) != "pause.lock" {
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
	err := bootstrap(t.Context(), "bookworm", shellPackages, t.TempDir(), "rootfs.tar")
	if err == nil || !strings.Contains(err.Error(), "install the package mmdebstrap") {
		t.Errorf("got %v", err)
	}
}
