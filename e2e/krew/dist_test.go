package krew

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

const (
	dist     = "../../dist"
	manifest = dist + "/krew/kbe.yaml"
)

// plugin is a manifest for krew, with all the fields that ours have.
type plugin struct {
	APIVersion, Kind string
	Metadata         struct{ Name string }
	Spec             struct {
		Version, Homepage, ShortDescription, Description string
		Platforms                                        []platform
	}
}

// platform is an entry of the manifest.
type platform struct {
	Selector    struct{ MatchLabels struct{ OS, Arch string } }
	URI, SHA256 string
	Bin         string
}

func (p platform) String() string {
	return p.Selector.MatchLabels.OS + "/" + p.Selector.MatchLabels.Arch
}

// name is that of the files of a platform, without what they end in.
func (p platform) name() string { return strings.TrimSuffix(filepath.Base(p.URI), ".tar.gz") }

func (p platform) archive() string { return filepath.Join(dist, filepath.Base(p.URI)) }

// files are the names of what a release has for a platform.
func (p platform) files() []string {
	names := []string{p.name() + ".cdx.json", p.name() + ".tar.gz"}
	if p.Selector.MatchLabels.OS == "linux" {
		names = append(names, p.name()+".deb", p.name()+".rpm")
	}
	return names
}

// read returns a manifest, its platforms sorted. A field that plugin does not have is
// an error, so that none is left out where two manifests are compared.
func read(t *testing.T, file string) (p plugin) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("run `make dist` first: %v", err)
	}
	if err := yaml.UnmarshalStrict(text, &p); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	slices.SortFunc(p.Spec.Platforms, func(a, b platform) int { return strings.Compare(a.URI, b.URI) })
	return p
}

// released reads the manifest that `make dist` has made.
func released(t *testing.T) (version string, platforms []platform) {
	t.Helper()
	p := read(t, manifest)
	if len(p.Spec.Platforms) != 6 {
		t.Fatalf("%s: expected six platforms, found %v", manifest, p.Spec.Platforms)
	}
	return p.Spec.Version, p.Spec.Platforms
}

// run returns what a command prints, and fails the test where it fails.
func run(t *testing.T, c *exec.Cmd) string {
	t.Helper()
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(c.Args, " "), err, out)
	}
	return string(out)
}

// TestTheManifestIsPluginYAML compares all but the checksums, which are zero in the
// tree: no file can hold the checksum of an archive of its own commit.
func TestTheManifestIsPluginYAML(t *testing.T) {
	want, found := read(t, "../../plugin.yaml"), read(t, manifest)
	for i := range want.Spec.Platforms {
		want.Spec.Platforms[i].SHA256 = ""
	}
	for i, p := range found.Spec.Platforms {
		found.Spec.Platforms[i].SHA256 = ""
		archive := fmt.Sprintf("/releases/download/%s/kubectl-kbe_%s.tar.gz", found.Spec.Version, strings.ReplaceAll(p.String(), "/", "_"))
		if !strings.HasSuffix(p.URI, archive) {
			t.Errorf("%s: expected an archive %s, found %s", p, archive, p.URI)
		}
	}
	if !reflect.DeepEqual(found, want) {
		t.Errorf("%s: change plugin.yaml or krews in .goreleaser.yaml: expected\n%+v\nfound\n%+v", manifest, want, found)
	}
}

func TestKrewTakesTheManifest(t *testing.T) {
	// Its own installations would download: TestInstall does them.
	out := run(t, exec.CommandContext(t.Context(), "../../bin/validate-krew-manifest", "-manifest", manifest, "-skip-install"))
	if !strings.Contains(out, "no overlapping spec.platform[].selector") {
		t.Errorf("found\n%s", out)
	}
}

func TestChecksums(t *testing.T) {
	_, platforms := released(t)
	list, err := os.ReadFile(filepath.Join(dist, "checksums.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, p := range platforms {
		for _, name := range p.files() {
			content, err := os.ReadFile(filepath.Join(dist, name))
			if err != nil {
				t.Fatal(err)
			}
			sum := fmt.Sprintf("%x", sha256.Sum256(content))
			want = append(want, sum+"  "+name)
			if strings.HasSuffix(name, ".tar.gz") && sum != p.SHA256 {
				t.Errorf("%s: expected %s in the manifest, found %s", p, sum, p.SHA256)
			}
		}
	}
	found := strings.Split(strings.TrimSpace(string(list)), "\n")
	slices.Sort(want)
	slices.Sort(found)
	if !slices.Equal(found, want) {
		t.Errorf("checksums.txt: expected %v, found %v", want, found)
	}
}

// unpack returns the files of an archive. There may be nothing else in it.
func unpack(t *testing.T, p platform) map[string][]byte {
	t.Helper()
	f, err := os.Open(p.archive())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	modes := map[string]int64{p.Bin: 0o755, "LICENSE": 0o644, "THIRD_PARTY_LICENSES": 0o644}
	files := map[string][]byte{}
	for r := tar.NewReader(unzipped); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Typeflag != tar.TypeReg || h.Mode != modes[h.Name] || h.Uid != 0 || h.Uname != "root" {
			t.Errorf("%s: found %s of type %c, mode %o, owner %d %q", p, h.Name, h.Typeflag, h.Mode, h.Uid, h.Uname)
		}
		if files[h.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	if found, want := slices.Sorted(maps.Keys(files)), slices.Sorted(maps.Keys(modes)); !slices.Equal(found, want) {
		t.Fatalf("%s: expected %v, found %v", p, want, found)
	}
	return files
}

// TestArchives holds each binary to its platform, and its SBOM and licences to
// the modules in it.
func TestArchives(t *testing.T) {
	version, platforms := released(t)
	for _, p := range platforms {
		t.Run(p.String(), func(t *testing.T) {
			files := unpack(t, p)
			build, err := buildinfo.Read(bytes.NewReader(files[p.Bin]))
			if err != nil {
				t.Fatal(err)
			}
			settings := map[string]string{}
			for _, s := range build.Settings {
				settings[s.Key] = s.Value
			}
			if found := settings["GOOS"] + "/" + settings["GOARCH"]; found != p.String() || settings["CGO_ENABLED"] != "0" || settings["-trimpath"] != "true" {
				t.Errorf("found a build for %s with %v", found, settings)
			}
			var sbom struct {
				Metadata   struct{ Component struct{ Version string } }
				Components []struct{ Name, Version string }
			}
			text, err := os.ReadFile(filepath.Join(dist, p.name()+".cdx.json"))
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(text, &sbom); err != nil {
				t.Fatal(err)
			}
			want := []string{"std " + build.GoVersion}
			for _, m := range build.Deps {
				want = append(want, m.Path+" "+m.Version)
			}
			var found []string
			for _, c := range sbom.Components {
				found = append(found, c.Name+" "+c.Version)
			}
			slices.Sort(want)
			slices.Sort(found)
			if !slices.Equal(found, want) || sbom.Metadata.Component.Version != version {
				t.Errorf("SBOM: expected version %s, %v, found %s, %v", version, want, sbom.Metadata.Component.Version, found)
			}
			for _, name := range append(want, "Go x") {
				module, _, _ := strings.Cut(name, " ")
				if module != "std" && !bytes.Contains(files["THIRD_PARTY_LICENSES"], []byte("\n==== "+module+"/")) && !bytes.HasPrefix(files["THIRD_PARTY_LICENSES"], []byte("==== "+module+"/")) {
					t.Errorf("expected a licence of %s", module)
				}
			}
		})
	}
}

// TestPackages unpacks the Debian packages: what they install is what is in the
// archives, and kubectl finds the plugin's completion by its name.
func TestPackages(t *testing.T) {
	_, platforms := released(t)
	for _, p := range platforms {
		if p.Selector.MatchLabels.OS != "linux" {
			continue
		}
		root, archived := t.TempDir(), unpack(t, p)
		run(t, exec.CommandContext(t.Context(), "dpkg-deb", "--extract", filepath.Join(dist, p.name()+".deb"), root))
		for installed, name := range map[string]string{
			"usr/bin/kubectl-kbe":                            p.Bin,
			"usr/share/doc/kubectl-kbe/copyright":            "LICENSE",
			"usr/share/doc/kubectl-kbe/THIRD_PARTY_LICENSES": "THIRD_PARTY_LICENSES",
		} {
			content, err := os.ReadFile(filepath.Join(root, installed))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(content, archived[name]) {
				t.Errorf("%s: expected that %s is the archive's %s", p, installed, name)
			}
		}
		if target, err := os.Readlink(filepath.Join(root, "usr/bin/kubectl_complete-kbe")); err != nil || target != "/usr/bin/kubectl-kbe" {
			t.Errorf("%s: expected a link to kubectl-kbe, found %q, %v", p, target, err)
		}
	}
}

// TestDistTwice makes the release again, from a clone in another folder. Changes
// that are not committed make a difference.
func TestDistTwice(t *testing.T) {
	clone := filepath.Join(t.TempDir(), "elsewhere")
	run(t, exec.CommandContext(t.Context(), "git", "clone", "--quiet", "../..", clone))
	goreleaser, err := filepath.Abs("../../bin/goreleaser")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(clone, "bin"), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(goreleaser, filepath.Join(clone, "bin/goreleaser")); err != nil {
		t.Fatal(err)
	}
	run(t, exec.CommandContext(t.Context(), "make", "-C", clone, "--old-file=bin/goreleaser", "dist"))
	for _, name := range []string{"checksums.txt", "krew/kbe.yaml", "homebrew/Casks/kubectl-kbe.rb"} {
		first, err := os.ReadFile(filepath.Join(dist, name))
		if err != nil {
			t.Fatal(err)
		}
		second, err := os.ReadFile(filepath.Join(clone, "dist", name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first, second) {
			t.Errorf("%s: expected the same bytes twice, found\n%s\nand\n%s", name, first, second)
		}
	}
}
