package parts

import (
	"slices"
	"strings"
	"testing"
)

func TestVersion(t *testing.T) {
	versions := Versions()
	for wanted, expected := range map[string]string{"": versions[0], versions[1]: versions[1], "v" + minor(versions[2]): versions[2]} {
		if version, err := Version(wanted); err != nil || version != expected {
			t.Errorf("%q: expected %s, found %s, %v", wanted, expected, version, err)
		}
	}
	for _, wanted := range []string{"v9", "v1", "1.37", "v" + minor(versions[0]) + ".", "latest", versions[0] + "-rc.0"} {
		_, err := Version(wanted)
		if err == nil || !strings.Contains(err.Error(), wanted+": expected one of "+strings.Join(versions, ", ")) {
			t.Errorf("%q: expected an error that names the versions there are, found %v", wanted, err)
		}
	}
}

func TestVersionsAreOfOneMinorEachNewestFirst(t *testing.T) {
	var minors []string
	for _, v := range Versions() {
		minors = append(minors, minor(v))
	}
	expected := slices.Clone(minors)
	slices.Sort(expected)
	slices.Reverse(expected)
	if len(minors) < 3 || !slices.Equal(minors, slices.Compact(expected)) {
		t.Errorf("expected three minors or more, each once, newest first: found %v", minors)
	}
}

// products is all that can be built.
func products() (all []product) {
	for _, version := range Versions() {
		all = append(all, partsOf(version), upstreamOf(version))
	}
	return all
}

func TestTitlesAndLinkerFlagsHaveVersions(t *testing.T) {
	for _, p := range products() {
		for _, s := range p.steps {
			if strings.Contains(s.title, "unknown") || !strings.Contains(s.title, " v") {
				t.Errorf("expected versions in %q", s.title)
			}
			if ld := s.linkerFlags(); s.version != "" && (!strings.Contains(ld, "gitVersion="+s.version) || !strings.Contains(ld, "gitMinor="+s.version[3:5]+" ")) {
				t.Errorf("linker flags of %s: %s", s.title, ld)
			}
		}
	}
}

func TestEveryProductHasAKeyOfItsOwn(t *testing.T) {
	seen := map[string]string{}
	for _, p := range products() {
		if other := seen[p.key()]; other != "" {
			t.Errorf("%s has the key of %s", p.steps[0].title, other)
		}
		seen[p.key()] = p.steps[0].title
	}
}

// TestPackagesAreInTheModules finds a part that is built but not pinned.
func TestPackagesAreInTheModules(t *testing.T) {
	for _, product := range products() {
		for _, s := range product.steps {
			for _, p := range s.packages {
				name, found := strings.CutPrefix(p, s.module.main(""))
				found = found && s.module.mains[name] != ""
				for line := range strings.Lines(s.module.mod) {
					module, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "require "), " v")
					found = found || module != "" && (p == module || strings.HasPrefix(p, module+"/"))
				}
				if !found {
					t.Errorf("%s is in no module that %s.mod requires", p, s.module.name)
				}
			}
		}
	}
}

func TestIsPackage(t *testing.T) {
	for line, want := range map[string]bool{
		"k8s.io/kubernetes/pkg/kubelet": true, "internal/abi": true, "": false, "# k8s.io/kubernetes": false,
		"x.go:1:2: undefined: y": false, "go: downloading x v1": false, "\tnote": false} {
		if isPackage(line) != want {
			t.Errorf("%q: expected %t", line, want)
		}
	}
}
