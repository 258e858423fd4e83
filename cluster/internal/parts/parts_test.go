package parts

import (
	"strings"
	"testing"
)

func TestVersions(t *testing.T) {
	for _, s := range steps() {
		if strings.Contains(s.title, "unknown") || !strings.Contains(s.title, " v") {
			t.Errorf("expected versions in %q", s.title)
		}
	}
	if ld := flags()[2]; !strings.Contains(ld, "gitVersion="+KubernetesVersion()) || strings.Contains(ld, "gitMinor= ") {
		t.Errorf("linker flags: %s", ld)
	}
}

// TestPackagesAreInTheModules finds a part that is built but not pinned.
func TestPackagesAreInTheModules(t *testing.T) {
	mods := map[string]string{"kubernetes": kubernetesMod, "runtime": runtimeMod}
	for _, s := range steps() {
		for _, p := range s.packages {
			found := false
			for line := range strings.Lines(mods[s.module]) {
				module, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "require "), " v")
				found = found || module != "" && (p == module || strings.HasPrefix(p, module+"/"))
			}
			if !found {
				t.Errorf("%s is in no module that %s.mod requires", p, s.module)
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
