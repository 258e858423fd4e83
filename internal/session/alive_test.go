package session

import (
	"os"
	"path/filepath"
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
		if err := Forget("ab1cd"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
