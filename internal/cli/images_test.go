package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestImagesAreListed(t *testing.T) {
	noCluster(t)
	code, stdout, _ := execute(t, "", "images")
	for _, want := range []string{"IMAGE ", "docker.io/mhausenblas/simpleservice:0.5.0 ", " 690MB ", " linux/amd64 ", "lifecycle,"} {
		if code != exitPassed || !strings.Contains(stdout, want) {
			t.Errorf("expected %q, found %d:\n%s", want, code, stdout)
		}
	}
	if _, stdout, _ := execute(t, "", "images", "network", "--registry", "m.example/{registry}", "--images-file", "-"); stdout != "m.example/quay.io/centos/centos:stream9\n" {
		t.Errorf("expected the one image of the example, from the mirror, found %q", stdout)
	}
	file := filepath.Join(t.TempDir(), "images.txt")
	if code, stdout, stderr := execute(t, "", "images", "pods", "--images-file", file); code != exitPassed || stdout+stderr != "" {
		t.Errorf("found %d, %q, %q", code, stdout, stderr)
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "docker.io/mhausenblas/simpleservice:0.5.0\nquay.io/centos/centos:stream9\n" {
		t.Errorf("found %q, %v", text, err)
	}
	for want, args := range map[string][]string{
		"unknown example `pod`; did you mean `pods`?": {"images", "pod"},
		"expected HOST[:PORT][/PATH]":                 {"images", "--registry", "a b"},
		"--images-file: ":                             {"images", "--images-file", filepath.Join(file, "x")},
	} {
		if code, _, stderr := execute(t, "", args...); code != exitUsage || !strings.Contains(stderr, want) {
			t.Errorf("%q: expected exit code 2 and %q, found %d: %s", args, want, code, stderr)
		}
	}
}
