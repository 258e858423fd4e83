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
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

const (
	dist     = "../../dist"
	manifest = dist + "/plugin.yaml"
)

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

// released reads the manifest that `make dist` has filled.
func released(t *testing.T) (version string, platforms []platform) {
	t.Helper()
	text, err := os.ReadFile(manifest)
	if err != nil {
		t.Fatalf("run `make dist` first: %v", err)
	}
	var m struct {
		Spec struct {
			Version   string
			Platforms []platform
		}
	}
	if err := yaml.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	if len(m.Spec.Platforms) != 6 {
		t.Fatalf("expected six platforms, found %v", m.Spec.Platforms)
	}
	return m.Spec.Version, m.Spec.Platforms
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

// TestTheManifestIsThatOfTheTree compares all but the checksums, which no file can
// have that is in the archives' own commit.
func TestTheManifestIsThatOfTheTree(t *testing.T) {
	version, platforms := released(t)
	checksum := regexp.MustCompile(`sha256: "[0-9a-f]{64}".*|(?m)^#.*\n`)
	var texts []string
	for _, file := range []string{"../../plugin.yaml", manifest} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, checksum.ReplaceAllString(string(text), ""))
	}
	if texts[0] != texts[1] {
		t.Errorf("expected\n%s\nfound\n%s", texts[0], texts[1])
	}
	for _, p := range platforms {
		if want := fmt.Sprintf("/releases/download/%s/kubectl-kbe_%s.tar.gz", version, strings.ReplaceAll(p.String(), "/", "_")); !strings.HasSuffix(p.URI, want) {
			t.Errorf("%s: expected an archive %s, found %s", p, want, p.URI)
		}
	}
}

func TestKrewTakesTheManifest(t *testing.T) {
	released(t)
	text, err := os.ReadFile(manifest)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "kbe.yaml") // by krew's rule, named as the plugin
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	// Its own installations would download: TestInstall does them.
	out := run(t, exec.CommandContext(t.Context(), "../../bin/validate-krew-manifest", "-manifest", file, "-skip-install"))
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
		for _, ending := range []string{".cdx.json", ".tar.gz"} {
			content, err := os.ReadFile(filepath.Join(dist, p.name()+ending))
			if err != nil {
				t.Fatal(err)
			}
			sum := fmt.Sprintf("%x", sha256.Sum256(content))
			want = append(want, sum+"  "+p.name()+ending)
			if ending == ".tar.gz" && sum != p.SHA256 {
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
		if h.Typeflag == tar.TypeDir {
			continue
		}
		name := strings.TrimPrefix(h.Name, "./")
		if h.Typeflag != tar.TypeReg || h.Mode != modes[name] || h.Uid != 0 || h.Uname != "" {
			t.Errorf("%s: found %s of type %c, mode %o, owner %d %q", p, h.Name, h.Typeflag, h.Mode, h.Uid, h.Uname)
		}
		if files[name], err = io.ReadAll(r); err != nil {
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

// TestDistTwice makes the release again, from a clone in another folder. Changes
// that are not committed make a difference.
func TestDistTwice(t *testing.T) {
	_, platforms := released(t)
	clone := filepath.Join(t.TempDir(), "elsewhere")
	run(t, exec.CommandContext(t.Context(), "git", "clone", "--quiet", "../..", clone))
	bin, err := filepath.Abs("../../bin")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(bin, filepath.Join(clone, "bin")); err != nil {
		t.Fatal(err)
	}
	run(t, exec.CommandContext(t.Context(), filepath.Join(clone, "hack/dist.sh")))
	for _, p := range platforms {
		for _, ending := range []string{".tar.gz", ".cdx.json"} {
			first, err := os.ReadFile(filepath.Join(dist, p.name()+ending))
			if err != nil {
				t.Fatal(err)
			}
			second, err := os.ReadFile(filepath.Join(clone, "dist", p.name()+ending))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(first, second) {
				t.Errorf("%s%s: expected the same bytes twice", p.name(), ending)
			}
		}
	}
}
