//go:build e2e

package image

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/mutate"
)

// TestBuild makes every image, as `kbe-cluster up` does: it needs mmdebstrap and the
// package sources of this machine.
func TestBuild(t *testing.T) {
	cache := t.TempDir()
	last, silent := time.Now(), time.Duration(0)
	archives, err := Build(t.Context(), cache, func(string, ...any) {
		silent, last = max(silent, time.Since(last)), time.Now()
	})
	if err != nil {
		t.Fatal(err)
	}
	if silent > 5*time.Second {
		t.Errorf("silent for %s", silent)
	}
	if len(archives) != len(Catalogue()) {
		t.Fatalf("got %d archives, want %d", len(archives), len(Catalogue()))
	}
	again, err := Build(t.Context(), cache, quiet)
	if err != nil || !slices.Equal(again, archives) {
		t.Errorf("warm: got %v, %v", again, err)
	}
	checkShell(t, archives[1])
}

func checkShell(t *testing.T, archive string) {
	t.Helper()
	img, config := open(t, archive)
	if cmd := config.Config.Cmd; len(cmd) != 1 || cmd[0] != "/bin/bash" {
		t.Errorf("command %q", cmd)
	}
	files := filesOf(t, mutate.Extract(img))
	for _, want := range []string{"bash", "curl", "sleep", "grep", "sed", "ps", "hostname"} {
		_, inBin := files["bin/"+want]
		_, inUsr := files["usr/bin/"+want]
		if !inBin && !inUsr {
			t.Errorf("no %s", want)
		}
	}
	for name := range files {
		if strings.HasPrefix(name, "etc/apt") || strings.Contains(name, "perl") && !strings.HasPrefix(name, "usr/share/doc/") {
			t.Errorf("%s should not be there", name)
		}
	}
}
