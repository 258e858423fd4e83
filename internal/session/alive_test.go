package session

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheFolderOfARun(t *testing.T) {
	for _, variable := range []string{"XDG_CACHE_HOME", "HOME", "LocalAppData"} { // of os.UserCacheDir
		t.Setenv(variable, t.TempDir())
	}
	for name, tc := range map[string]struct {
		forget bool
		after  State
	}{
		"of one that has left nothing":   {true, Elsewhere},
		"of one that has left something": {false, Dead},
	} {
		l, err := openLocal("ab1cd")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(l.dir, "pod.yaml"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if got := stateOf("ab1cd"); got != Running {
			t.Errorf("%s: expected %s, found %s", name, Running, got)
		}
		if err := l.close(tc.forget); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := stateOf("ab1cd"); got != tc.after {
			t.Errorf("%s: expected %s, found %s", name, tc.after, got)
		}
		if err := forgetRun("ab1cd"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestARunWithoutAFolderSaysWhatItNeeds: its error is no error of the kubeconfig.
func TestARunWithoutAFolderSaysWhatItNeeds(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, variable := range []string{"XDG_CACHE_HOME", "HOME", "LocalAppData", "TMPDIR", "TMP"} {
		t.Setenv(variable, filepath.Join(file, "folder"))
	}
	_, err := openLocal("ab1cd")
	if err == nil || !strings.HasSuffix(err.Error(), "set TMPDIR to one that is writable") {
		t.Errorf("found %v", err)
	}
}
