package image

import (
	"archive/tar"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestUpstreamRecipesCarryTheNamesOfTheTests(t *testing.T) {
	refs := []string{
		"registry.k8s.io/e2e-test-images/agnhost:2.66.1", "registry.k8s.io/e2e-test-images/agnhost:2.55", "gcr.io/k8s-authenticated-test/agnhost:2.70",
		"registry.k8s.io/e2e-test-images/busybox:1.37.0-2", "registry.k8s.io/e2e-test-images/nonewprivs:1.4",
		"registry.k8s.io/pause:3.10.2", "registry.k8s.io/e2e-test-images/nginx:1.27.0-2", "registry.k8s.io/e2e-test-images/glibc-dns-testing:2.1.1",
	}
	recipes, err := upstreamRecipes(refs, "/bin", "amd64")
	if err != nil {
		t.Fatal(err)
	}
	var made []string
	for _, r := range recipes {
		made = append(made, r.image.Ref)
		if !strings.HasPrefix(r.image.Description, "Stand-in") || !strings.HasPrefix(r.image.Ref, r.image.StandsInFor) {
			t.Errorf("%s: expected it to say what it is: %+v", r.image.Ref, r.image)
		}
	}
	if want := []string{refs[0], refs[1], refs[3], refs[4], refs[5], refs[6], refs[7]}; !slices.Equal(made, want) {
		t.Errorf("expected %v, found %v", want, made)
	}
	if _, err := upstreamRecipes(refs[3:], "/bin", "amd64"); err == nil || !strings.Contains(err.Error(), "agnhost") {
		t.Errorf("without agnhost: expected an error that names it, found %v", err)
	}
}

// TestWriteBusybox uses a script in its place, which lists commands as busybox does.
func TestWriteBusybox(t *testing.T) {
	dir := t.TempDir()
	rootfs, layer := filepath.Join(dir, "rootfs.tar"), filepath.Join(dir, "layer.tar")
	script := "#!/bin/sh\necho busybox; echo cat; echo sh\n"
	file, err := os.Create(rootfs)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(file)
	err = w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "./usr/bin/busybox", Mode: 0o755, Size: int64(len(script))})
	_, err2 := w.Write([]byte(script))
	if err := errors.Join(err, err2, w.Close(), file.Close()); err != nil {
		t.Fatal(err)
	}
	if err := writeBusybox(rootfs, layer); err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(layer)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	links, r := map[string]string{}, tar.NewReader(in)
	for h, err := r.Next(); err == nil; h, err = r.Next() {
		links[h.Name] = h.Linkname
	}
	for name, link := range map[string]string{"bin/busybox": "", "bin/cat": "busybox", "bin/sh": "busybox", "tmp": "", "etc/passwd": ""} {
		if got, ok := links[name]; !ok || got != link {
			t.Errorf("%s: expected it, a link to %q; found %t, %q", name, link, ok, got)
		}
	}
}
