package image

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func writeFiles(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestHostSources(t *testing.T) {
	for name, tc := range map[string]struct {
		files map[string]string
		want  []string
	}{
		"debian, stanzas": {map[string]string{
			"sources.list.d/debian.sources": "Types: deb deb-src\n# a comment\nURIs: http://mirror.test/debian\nSuites: bookworm bookworm-updates\n bookworm-backports\n" +
				"Components: main contrib\nSigned-By: /usr/share/keyrings/a.gpg\n\n\nTypes: deb\nURIs: http://mirror.test/security\nSuites: bookworm-security\nComponents: main\nSigned-By:\n -----BEGIN PGP\n .\n",
			"sources.list.d/off.sources":       "Enabled: no\nTypes: deb\nURIs: http://off.test\nSuites: bookworm\nComponents: main\n",
			"sources.list.d/old.list.disabled": "deb http://off.test bookworm main\n",
			"sources.list.d/vendor.list":       "deb [arch=amd64] http://vendor.test/linux bookworm stable\n",
		}, []string{
			"deb [signed-by=/usr/share/keyrings/a.gpg] http://mirror.test/debian bookworm main",
			"deb [signed-by=/usr/share/keyrings/a.gpg] http://mirror.test/debian bookworm-updates main",
			"deb http://mirror.test/security bookworm-security main",
		}},
		"one line": {map[string]string{
			"sources.list": "# deb http://no.test bookworm main\ndeb [ signed-by=/k.gpg arch=amd64 ] http://mirror.test/ubuntu bookworm main universe # note\ndeb-src http://mirror.test bookworm main\n",
		}, []string{"deb [ signed-by=/k.gpg arch=amd64 ] http://mirror.test/ubuntu bookworm main"}},
		"by alias": {map[string]string{
			"sources.list": "deb http://mirror.test/debian stable main\n",
		}, []string{"deb http://mirror.test/debian stable main"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeFiles(t, dir, tc.files)
			got, err := hostSources(dir, "bookworm")
			if err != nil || !slices.Equal(got, tc.want) {
				t.Errorf("got %q, %v\nwant %q", got, err, tc.want)
			}
		})
	}
}

func TestHostSourcesNone(t *testing.T) {
	_, err := hostSources(t.TempDir(), "bookworm")
	if err == nil || !strings.Contains(err.Error(), "component main of bookworm") {
		t.Errorf("got %v", err)
	}
}

func TestHostRelease(t *testing.T) {
	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{"good": "ID=debian\nVERSION_CODENAME=\"noble\"\n", "bad": "ID=alpine\n"})
	if got, err := hostRelease(filepath.Join(dir, "good")); got != "noble" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := hostRelease(filepath.Join(dir, "bad")); err == nil || !strings.Contains(err.Error(), "VERSION_CODENAME") {
		t.Errorf("got %v", err)
	}
}
